"""The history function's settings."""

from chat.settings import AuthSettings, StorageSettings


class HistorySettings(StorageSettings, AuthSettings):
    """Only the storage and authentication settings."""
