"""Ports for state shared between processes: event log, response cache and single flight."""
