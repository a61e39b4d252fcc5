"""Metrics in memory, from EMF and of Lambda."""
