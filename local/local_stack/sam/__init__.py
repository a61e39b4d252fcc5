"""The SAM template as the local stack reads it."""
