"""The cleanup function's settings."""

from chat.settings import NonEmpty, Settings


class CleanupSettings(Settings):
    """Where things are kept."""

    sessions_table: NonEmpty
    chats_table: NonEmpty
    users_table: NonEmpty
