"""A deterministic world for asyncio code and blocking code: virtual time, simulated processes, a seeded scheduler."""
