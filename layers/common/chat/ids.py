"""Identifiers: ULIDs (https://github.com/ulid/spec), which sort by creation time."""

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
    """Less than or equal to every id made at that time (seconds since the epoch) or later."""
    return str(ULID.from_int(int(at * 1000) << 80))


def made_at(ulid: str) -> float:
    """When an id was made, in seconds since the epoch.

    Raises:
        ValueError: not a ULID.
    """
    return ULID.from_str(ulid).milliseconds / 1000


def new_message_ids(now: float) -> MessageIds:
    """Ids for a prompt sent at `now` (seconds since the epoch) and for its answer: the prompt's id plus one."""
    prompt = _fresh(now)
    return MessageIds(str(prompt), str(ULID.from_int(int(prompt) + 1)))


def later_answer_id(prompt_id: str, now: float, *, after: str | None = None) -> str:
    """The id of another answer to a prompt, made at `now` (seconds since the epoch).

    It sorts after the prompt and its first answer and, with `after`, after that answer, but before any other message:
    a prompt of the same millisecond lies between with a chance of less than one in a hundred million. Ids made later
    are greater; those made in the same millisecond differ in 16 random bits.
    """
    prompt = ULID.from_str(prompt_id)
    elapsed_ms = max(0, int(now * 1000) - prompt.milliseconds)
    answer = int(prompt) + (elapsed_ms << 16 | secrets.randbits(16)) + 2
    if after is not None:  # another machine's clock may have been ahead
        answer = max(answer, int(ULID.from_str(after)) + 1 + secrets.randbits(16))
    return str(ULID.from_int(answer))


def _fresh(now: float) -> ULID:
    """With 79 fresh random bits, and room for the answer's id.

    Counting up within a millisecond, as python-ulid's constructors do, would let one id be guessed from another.
    """
    return ULID.from_int((int(now * 1000) << 80) | secrets.randbits(79))
