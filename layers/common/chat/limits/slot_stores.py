"""Slots in whichever store answers, and the memory of those that this process holds."""

import threading
from dataclasses import dataclass, field
from typing import Protocol

from aws_lambda_powertools import Logger

from chat.causes import cause_of
from chat.errors import StorageError
from chat.limits.slots import SLOT_SECONDS

logger = Logger()


class SlotStoreUnavailableError(Exception):
    """This store does not answer: ask the next."""


class SlotStore(Protocol):
    """Keeps slots. Raises `SlotStoreUnavailableError`, or `StorageError`, when it cannot."""

    def take(self, user_id: str, session_id: str, *, limit: int, now: float, slot_seconds: float) -> float | None:
        """Takes or keeps a slot; None: the session has one. Otherwise the seconds until one is free at the latest."""

    def give_back(self, user_id: str, session_id: str) -> None:
        """Frees the session's slot, if it has one."""


@dataclass(slots=True)
class _Held:
    limit: int
    streams: int = 0
    """Those of this process that acquired it and have not left."""
    stores: list[SlotStore] = field(default_factory=list)


class StoredStreamSlots:
    """A `chat.limits.StreamSlots` over `first`, and over `last` while that does not answer.

    A slot is renewed by taking it again, under the limit it was taken with: so a store that takes over, or comes back
    empty, learns of the streams that go on.
    """

    def __init__(self, last: SlotStore, first: SlotStore | None = None) -> None:
        self._last = last
        self._first = first
        self._held: dict[tuple[str, str], _Held] = {}
        self._lock = threading.Lock()

    def acquire(self, user_id: str, session_id: str, limit: int, now: float) -> float | None:
        held = self._held.get((user_id, session_id)) or _Held(limit)
        held.limit = limit
        wait_seconds = self._take(user_id, session_id, held, now)
        if wait_seconds is None:
            with self._lock:  # another stream of the session may have acquired it meanwhile, in another thread
                known = self._held.setdefault((user_id, session_id), held)
                known.streams += 1
                known.stores += [store for store in held.stores if store not in known.stores]
        return wait_seconds

    def leave(self, user_id: str, session_id: str) -> None:
        with self._lock:
            held = self._held.get((user_id, session_id))
            if held is not None:
                held.streams -= 1
                if not held.streams:
                    del self._held[user_id, session_id]

    def renew(self, user_id: str, session_id: str, now: float) -> None:
        held = self._held.get((user_id, session_id))
        if held is None:
            return
        try:
            self._take(user_id, session_id, held, now)
        except StorageError as error:
            logger.warning("slot not renewed", session_id=session_id, **cause_of(error))
        if (user_id, session_id) not in self._held:  # released meanwhile, in another thread
            self._give_back(user_id, session_id, held)

    def release(self, user_id: str, session_id: str) -> None:
        with self._lock:
            held = self._held.pop((user_id, session_id), None)
        if held is not None:
            self._give_back(user_id, session_id, held)

    def _take(self, user_id: str, session_id: str, held: _Held, now: float) -> float | None:
        if self._first is not None:
            try:
                return self._take_from(self._first, user_id, session_id, held, now)
            except SlotStoreUnavailableError:
                pass
        return self._take_from(self._last, user_id, session_id, held, now)

    def _take_from(self, store: SlotStore, user_id: str, session_id: str, held: _Held, now: float) -> float | None:
        if store not in held.stores:
            held.stores.append(store)  # also if the answer gets lost: the slot may have been taken
        return store.take(user_id, session_id, limit=held.limit, now=now, slot_seconds=SLOT_SECONDS)

    def _give_back(self, user_id: str, session_id: str, held: _Held) -> None:
        for store in tuple(held.stores):
            try:
                store.give_back(user_id, session_id)
            except (SlotStoreUnavailableError, StorageError):
                logger.warning("slot not released", session_id=session_id)
