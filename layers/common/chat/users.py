"""Users, their tiers, and the port of their storage."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Tier(StrEnum):
    """Subscription tiers, each containing the one before."""

    BASIC = "BASIC"
    PRO = "PRO"
    ENTERPRISE = "ENTERPRISE"

    @property
    def rank(self) -> int:
        return list(Tier).index(self)

    def includes(self, other: "Tier") -> bool:
        return self.rank >= other.rank


@dataclass(frozen=True, slots=True)
class User:
    """A user's record; the counters are all tokens so far, without those of cached answers."""

    user_id: str
    tier: Tier
    disabled: bool = False
    input_tokens: int = 0
    output_tokens: int = 0


class UserStore(Protocol):
    """Stores users. Raises `chat.errors.StorageError` if storage fails."""

    def get_or_create(self, user_id: str, *, default_tier: Tier, now: float) -> User:
        """The user's record; created with `default_tier` on the user's first request."""

    def put(self, user: User, *, now: float) -> None:
        """Sets tier and whether the user is disabled; the counters of an existing record stay."""
