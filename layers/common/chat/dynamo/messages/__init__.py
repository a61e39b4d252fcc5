"""Items of messages and of their long texts."""
