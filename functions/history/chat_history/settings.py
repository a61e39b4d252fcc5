"""The history function's settings."""

from chat.settings import AuthSettings, StorageSettings


class HistorySettings(StorageSettings, AuthSettings):
    """Nothing beyond storage and tokens."""
