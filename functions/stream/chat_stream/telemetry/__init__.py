"""Metrics and log fields of streams and generations."""
