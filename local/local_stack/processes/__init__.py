"""Child processes: start, termination and memory use."""
