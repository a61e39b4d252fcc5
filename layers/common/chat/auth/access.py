"""Checks that a user may use the service."""

from chat.clock import Clock
from chat.errors import ForbiddenError
from chat.users import Tier, User, UserStore


class Access:
    """Looks users up; a new user gets the default tier."""

    def __init__(self, users: UserStore, clock: Clock, *, default_tier: Tier) -> None:
        self._users = users
        self._clock = clock
        self._default_tier = default_tier

    def admit(self, user_id: str) -> User:
        """The user's record.

        Raises:
            ForbiddenError: `user_disabled`.
            StorageError: the record cannot be read.
        """
        user = self._users.get_or_create(user_id, default_tier=self._default_tier, now=self._clock.now())
        if user.disabled:
            raise ForbiddenError("This user is disabled.", code="user_disabled")
        return user
