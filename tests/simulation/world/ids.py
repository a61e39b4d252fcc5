"""Ids that depend on the seed alone: `chat.ids` is given simulated time and drawn bits for as long as a run lasts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from chat import ids


class _Bits:
    def __init__(self, random: Random) -> None:
        self._random = random

    def randbits(self, count: int) -> int:
        return self._random.getrandbits(count)


class _Time:
    def __init__(self, now: Callable[[], float]) -> None:
        self.time = now


@contextmanager
def drawn_ids(random: Random, now: Callable[[], float]) -> Iterator[None]:
    """`now` is in seconds since the epoch."""
    module: Any = ids
    original = module.secrets, module.time
    module.secrets, module.time = _Bits(random), _Time(now)
    try:
        yield
    finally:
        module.secrets, module.time = original
