"""Produces an answer: runs its source, writes checkpoints and appends to the event log."""
