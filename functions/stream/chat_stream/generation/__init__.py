"""The production of an answer: its source, checkpoints and event log."""
