"""Reloads the functions and the chat page after an edit."""
