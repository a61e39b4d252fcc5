"""Connections to Redis and calls on them: asynchronous, and for threads."""
