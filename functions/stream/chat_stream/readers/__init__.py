"""Reads a session's record, event log and stored answer for requests that do not produce it."""
