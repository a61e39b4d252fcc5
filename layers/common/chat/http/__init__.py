"""The HTTP side that the functions have in common: credentials, problem documents, JSON in and out."""
