"""The cache: what is put in comes out, and nothing else does."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.ids import new_id
from chat.messages import Usage
from chat.redis import Breaker, CacheErrors, keys
from chat.sharing.response_cache import CachedAnswer
from fakes.redis.ports import OpenServices, RedisPorts
from fakes.redis.servers import RedisServer

ANSWER = CachedAnswer("Grüße\n🦉", "stop", Usage(12, 34))
DOCUMENT: dict[str, Any] = {
    "version": 1,
    "text": "text",
    "finishReason": "stop",
    "usage": {"inputTokens": 1, "outputTokens": 2},
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answer=st.builds(
        CachedAnswer,
        text=st.text(st.characters(codec="utf-8")),
        finish_reason=st.sampled_from(["stop", "length"]),
        usage=st.none() | st.builds(Usage, st.integers(0, 10**9), st.integers(0, 10**9)),
    )
)
async def test_answer_comes_back_as_it_was(ports: RedisPorts, answer: CachedAnswer) -> None:
    key = new_id()
    assert await ports.cache.get(key) is None
    await ports.cache.put(key, answer)
    assert await ports.cache.get(key) == answer


async def test_later_answer_replaces_the_earlier(ports: RedisPorts) -> None:
    key = new_id()
    await ports.cache.put(key, CachedAnswer("first", "stop", None))
    await ports.cache.put(key, ANSWER)
    assert await ports.cache.get(key) == ANSWER


async def test_answers_are_kept_for_their_time(server: RedisServer, open_services: OpenServices) -> None:
    key = new_id()
    services = open_services(server.url, redis_cluster=server.cluster, cache_ttl_seconds=1234)
    await services.cache.put(key, ANSWER)
    with server.client() as client:
        assert 1200 < int(client.ttl(keys.answer(key))) <= 1234


@pytest.mark.parametrize(
    "found",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"text"',
        "[" * 100_000,
        "\x00",
        json.dumps(DOCUMENT | {"version": 2}),
        json.dumps({name: value for name, value in DOCUMENT.items() if name != "usage"}),
        json.dumps(DOCUMENT | {"text": None}),
        json.dumps(DOCUMENT | {"text": "\ud800"}),
        json.dumps(DOCUMENT | {"finishReason": 1}),
        json.dumps(DOCUMENT | {"usage": {"inputTokens": "1", "outputTokens": 2}}),
        json.dumps(DOCUMENT | {"usage": {"inputTokens": -1, "outputTokens": 2}}),
        json.dumps(DOCUMENT | {"usage": [1, 2]}),
        b"\xff\xfe",
    ],
    ids=lambda found: repr(found)[:40],
)
async def test_entry_that_is_not_ours_is_a_miss(
    server: RedisServer, open_services: OpenServices, found: str | bytes
) -> None:
    key, errors = new_id(), CacheErrors()
    services = open_services(server.url, redis_cluster=server.cluster, breaker=Breaker(errors))
    with server.client() as client:
        client.set(keys.answer(key), found)
    assert await services.cache.get(key) is None
    assert errors.by_operation == {"cache_get": 1}
    await services.cache.put(key, ANSWER)
    assert await services.cache.get(key) == ANSWER


async def test_key_of_another_type_is_a_miss(server: RedisServer, open_services: OpenServices) -> None:
    key, errors = new_id(), CacheErrors()
    services = open_services(server.url, redis_cluster=server.cluster, breaker=Breaker(errors))
    with server.client() as client:
        client.lpush(keys.answer(key), "a", "b")
    assert await services.cache.get(key) is None
    assert await services.cache.get(key) is None
    assert errors.by_operation == {"cache_get": 2}
