"""Slots of users' streams in Redis: for each user a sorted set of session ids, by the time until which they hold."""

from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Any

from chat.limits.slot_stores import SlotStoreUnavailableError
from chat.redis import keys
from chat.redis.breaker import RedisUnavailableError
from chat.redis.guard import RedisGuard

if TYPE_CHECKING:
    from chat.redis.connections import Client

TAKE = resources.files(__package__).joinpath("take_slot.lua").read_text("utf-8")


class RedisSlotStore:
    """A `chat.limits.slot_stores.SlotStore`: each call is one script, or one command, on one key."""

    def __init__(self, guard: RedisGuard) -> None:
        self._guard = guard

    def take(self, user_id: str, session_id: str, *, limit: int, now: float, slot_seconds: float) -> float | None:
        times = (repr(now), repr(now + slot_seconds), str(int(slot_seconds * 1000)))

        def run(client: "Client") -> bytes | None:
            # The script is about as short as its digest and the answer that it is not known.
            evaluate: Callable[..., Any] = client.eval
            answer: bytes | None = evaluate(TAKE, 1, keys.streams(user_id), session_id, str(limit), *times)
            return answer

        first_end = self._call("slot_take", run)
        return None if first_end is None else max(0.0, float(first_end) - now)

    def give_back(self, user_id: str, session_id: str) -> None:
        self._call("slot_give_back", lambda client: client.zrem(keys.streams(user_id), session_id))

    def _call[T](self, operation: str, work: "Callable[[Client], T]") -> T:
        try:
            return self._guard.call(operation, work)
        except RedisUnavailableError as error:
            raise SlotStoreUnavailableError(operation) from error
