"""Every key in Redis.

The part in braces determines the hash slot (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
#hash-tags), so the keys of one script are on one node of a cluster.
"""

from dataclasses import dataclass

from chat.quoting import quoted


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The two keys of a generation's log."""

    stream: str
    control: str
    """A hash: `epoch`, `last` (the greatest event id) and `stop`."""


def answer(cache_key: str) -> str:
    """The key of a cached answer; `cache_key` is a hash that does not reveal the question."""
    return f"chat:answer:{{{cache_key}}}"


def flight(cache_key: str) -> str:
    """The key that holds the session id of a flight's leader."""
    return f"chat:flight:{{{cache_key}}}"


def log(session_id: str) -> LogKeys:
    stream = f"chat:log:{{{quoted(session_id)}}}"
    return LogKeys(stream=stream, control=f"{stream}:control")


LIMITS_PREFIX = "chat"
"""Prefix of the keys that the library `limits` makes: `chat:requests/<quoted user id>/<limit>/<seconds>/second`."""
