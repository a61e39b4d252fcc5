"""Identifiers: ULIDs (https://github.com/ulid/spec), which sort by the time they were made."""

from dataclasses import dataclass

from ulid import ULID


@dataclass(frozen=True, slots=True)
class MessageIds:
    """The ids of a prompt and of its answer: adjacent, so that no other message comes between the two."""

    prompt: str
    answer: str


def new_id() -> str:
    """A new ULID."""
    return str(ULID())


def new_message_ids(now: float) -> MessageIds:
    """Ids for a prompt sent at `now` and the answer to it: the second is the first plus one."""
    prompt = ULID.from_timestamp(now)
    answer = ULID.from_int(int(prompt) + 1)
    return MessageIds(str(prompt), str(answer))
