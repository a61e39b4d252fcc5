"""The store of users in memory."""

from dataclasses import replace

from chat.users import Tier, User
from fakes.memory.database import MemoryDatabase


class MemoryUserStore:
    """A `chat.users.UserStore`."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database

    def get_or_create(self, user_id: str, *, default_tier: Tier, now: float) -> User:
        with self.database.lock:
            self.database.check()
            return self.database.users.setdefault(user_id, User(user_id, default_tier))

    def put(self, user: User, *, now: float) -> None:
        with self.database.lock:
            self.database.check()
            known = self.database.users.get(user.user_id, user)
            self.database.users[user.user_id] = replace(known, tier=user.tier, disabled=user.disabled)
