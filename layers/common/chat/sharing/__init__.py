"""Ports of what processes share: the event log of an answer, the cache, one call for equal questions."""
