"""A slot that moves to another node of a cluster, while it is used."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from chat.messages import Usage
from chat.redis import Breaker, CacheErrors, keys
from chat.sharing.event_log import LogEntry
from chat.sharing.response_cache import CachedAnswer
from fakes.redis.logs import entries_of
from fakes.redis.ports import OpenServices
from fakes.redis.servers import RedisServer, redis_server

ANSWER = CachedAnswer("text", "stop", Usage(1, 2))


@pytest.fixture
def nodes() -> Iterator[tuple[RedisServer, RedisServer]]:
    """A cluster of two; the first has all slots."""
    with redis_server(cluster=True) as first, redis_server(cluster=True, slots=False) as second:
        second.join(first)
        yield first, second


async def test_everything_follows_its_slot(
    nodes: tuple[RedisServer, RedisServer], open_services: OpenServices, session_id: str
) -> None:
    """One cluster for all that moves: making one takes seconds."""
    first, second = nodes
    errors = CacheErrors()
    services = open_services(first.url, redis_cluster=True, breaker=Breaker(errors))
    entries = entries_of(["before ", "after ", "and on"])
    await services.cache.put("key", ANSWER)
    assert await services.flight.claim("key", session_id) == session_id
    await services.log.append(session_id, epoch=1, entries=entries[:1])
    async with asyncio.timeout(20), services.log.follow(session_id, seen=0) as followed:
        assert await anext(followed) == entries[0]
        second.take(keys.log(session_id).stream, first)
        second.take(keys.answer("key"), first)
        await services.log.append(session_id, epoch=1, entries=entries[1:2])
        assert await _next(followed) == entries[1]
        await services.log.append(session_id, epoch=1, entries=entries[2:])
        assert [await _next(followed), await _next(followed)] == entries[2:]
    assert await services.cache.get("key") == ANSWER
    assert await services.flight.claim("key", "another") == session_id
    assert errors.by_operation == {}


async def _next(followed: AsyncIterator[LogEntry | None]) -> LogEntry:
    """The next entry; a follower that is sent on may be told of silence in between."""
    async for entry in followed:
        if entry is not None:
            return entry
    raise AssertionError("the log has no end")
