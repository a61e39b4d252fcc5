"""Child processes, their end and their memory."""
