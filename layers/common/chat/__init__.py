"""The domain shared by the functions: sessions, messages, users, models, events, errors. It imports no function."""
