"""Ports shared by processes: an answer's event log, the cache, and the single flight."""
