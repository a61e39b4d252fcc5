"""Cached answers as versioned JSON; any other value under a key is a miss."""

import json
from typing import Any

from chat.messages import Usage
from chat.redis import keys
from chat.redis.breaker.breaker import RedisUnavailableError
from chat.redis.client.async_calls import AsyncRedisCalls
from chat.sharing.response_cache import CachedAnswer

VERSION = 1


class RedisResponseCache:
    """See `chat.sharing.response_cache.ResponseCache`."""

    def __init__(self, calls: AsyncRedisCalls, *, ttl_seconds: int) -> None:
        self._calls = calls
        self._ttl_seconds = ttl_seconds

    async def get(self, key: str) -> CachedAnswer | None:
        try:
            value = await self._calls.command("cache_get", "GET", keys.answer(key))
        except RedisUnavailableError:
            return None
        if value is None:
            return None
        try:
            return _decode(value)
        except (ValueError, TypeError, KeyError, RecursionError):
            self._calls.breaker.errors.count("cache_get")
            return None

    async def put(self, key: str, answer: CachedAnswer) -> None:
        try:
            await self._calls.command("cache_put", "SET", keys.answer(key), _encode(answer), "EX", self._ttl_seconds)
        except RedisUnavailableError:
            return


def _encode(answer: CachedAnswer) -> bytes:
    usage = answer.usage
    document = {
        "version": VERSION,
        "text": answer.text,
        "finishReason": answer.finish_reason,
        "usage": usage and {"inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _decode(value: bytes) -> CachedAnswer:
    """Raises one of several errors if the value is not an entry of this cache."""
    document = json.loads(value)
    if document["version"] != VERSION:
        raise ValueError("another version")
    usage = document["usage"]
    return CachedAnswer(
        text=_string(document["text"]),
        finish_reason=_string(document["finishReason"]),
        usage=None if usage is None else Usage(_count(usage["inputTokens"]), _count(usage["outputTokens"])),
    )


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # a lone surrogate could not be sent
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError
    return value
