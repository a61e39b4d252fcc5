"""Identifiers: ULIDs (https://github.com/ulid/spec), which sort by the time they were made."""

import secrets
import time
from dataclasses import dataclass

from ulid import ULID


@dataclass(frozen=True, slots=True)
class MessageIds:
    """The ids of a prompt and of its answer: adjacent, so that no other message comes between the two."""

    prompt: str
    answer: str


def new_id() -> str:
    """A new ULID."""
    return str(_fresh(time.time()))


def least_id(at: float) -> str:
    """Less than or equal to every id that was made at that time (seconds since the epoch) or later."""
    return str(ULID.from_int(int(at * 1000) << 80))


def made_at(ulid: str) -> float:
    """When an id was made, in seconds since the epoch.

    Raises:
        ValueError: it is none.
    """
    return ULID.from_str(ulid).milliseconds / 1000


def new_message_ids(now: float) -> MessageIds:
    """Ids for a prompt sent at `now` (seconds since the epoch) and for the answer: the first, plus one."""
    prompt = _fresh(now)
    return MessageIds(str(prompt), str(ULID.from_int(int(prompt) + 1)))


def _fresh(now: float) -> ULID:
    """With 79 random bits each time, and room for a next one.

    Counting up within a millisecond, as python-ulid's constructors do, would let one id be guessed from another.
    """
    return ULID.from_int((int(now * 1000) << 80) | secrets.randbits(79))
