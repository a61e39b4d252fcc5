"""Items of sessions."""
