"""The service, its stores, its providers and its users, as simulated processes and tasks."""
