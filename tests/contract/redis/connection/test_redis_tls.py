"""`rediss://`: TLS, with the server's certificate checked, for every kind of connection."""

from contextlib import closing
from urllib.parse import quote

from chat.redis import BlockingRedisCalls, Breaker, CacheErrors, RedisLogControl, RedisSettings
from chat.sharing.response_cache import CachedAnswer
from fakes.redis.logs import entries_of, read_to_end, text_of
from fakes.redis.ports import OpenServices
from fakes.redis.tls import tls_redis_server

ANSWER = CachedAnswer("text", "stop", None)


async def test_every_connection_speaks_tls(open_services: OpenServices, session_id: str) -> None:
    errors = CacheErrors()
    with tls_redis_server() as (server, certificate):
        url = f"{server.url}?ssl_ca_certs={quote(str(certificate))}"
        services = open_services(url, breaker=Breaker(errors))
        await services.cache.put("key", ANSWER)
        assert await services.cache.get("key") == ANSWER
        await services.log.append(session_id, epoch=1, entries=entries_of(["text"]))
        assert text_of(await read_to_end(services.log, session_id)) == "text"
        settings = RedisSettings(redis_url=url, redis_timeout_seconds=5)
        with closing(BlockingRedisCalls(settings, Breaker(errors))) as calls:
            assert RedisLogControl(calls).text(session_id, epoch=1) == "text"
        await services.close()
    assert errors.by_operation == {}


async def test_untrusted_certificate_is_refused(open_services: OpenServices) -> None:
    errors = CacheErrors()
    with tls_redis_server() as (server, _):
        services = open_services(server.url, breaker=Breaker(errors))
        await services.cache.put("key", ANSWER)
        with server.client() as client:
            assert client.keys("*") == []
    assert errors.by_operation == {"cache_put": 1}
