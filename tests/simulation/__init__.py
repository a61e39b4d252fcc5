"""Simulates the whole service under faults, on virtual time; see `simulation/README.md`."""
