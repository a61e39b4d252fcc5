"""The single flight: one leader for a key, and another when it is dead."""

import asyncio

from chat.ids import new_id
from chat.redis import Breaker, CacheErrors, flight, keys
from fakes.clock import FakeClock
from fakes.memory.single_flight import FLIGHT_SECONDS, MemorySingleFlight
from fakes.redis.ports import OpenServices, RedisPorts
from fakes.redis.servers import RedisServer


async def test_first_to_claim_leads(ports: RedisPorts) -> None:
    key = new_id()
    assert await ports.flight.claim(key, "first") == "first"
    assert await ports.flight.claim(key, "second") == "first"
    assert await ports.flight.claim(key, "first") == "first"
    assert await ports.flight.claim(key + "x", "second") == "second"


async def test_one_of_a_hundred_leads(ports: RedisPorts) -> None:
    key = new_id()
    claimed = await asyncio.gather(*(ports.flight.claim(key, f"session-{number}") for number in range(100)))
    assert len(set(claimed)) == 1


async def test_release_makes_room_for_another(ports: RedisPorts) -> None:
    key = new_id()
    await ports.flight.claim(key, "first")
    await ports.flight.release(key, "first")
    assert await ports.flight.claim(key, "second") == "second"


async def test_somebody_elses_lead_stays(ports: RedisPorts) -> None:
    key = new_id()
    await ports.flight.claim(key, "first")
    await ports.flight.release(key, "second")
    await ports.flight.renew(key, "second")
    assert await ports.flight.claim(key, "third") == "first"


async def test_nobody_leads_by_renewing(ports: RedisPorts) -> None:
    key = new_id()
    await ports.flight.renew(key, "first")
    assert await ports.flight.claim(key, "second") == "second"


async def test_lead_ends_without_renewal(server: RedisServer, open_services: OpenServices) -> None:
    key = new_id()
    services = open_services(server.url, redis_cluster=server.cluster)
    with server.client() as client:

        def left_ms() -> int:
            return int(client.pttl(keys.flight(key)))

        lease_ms = flight.LEASE_SECONDS * 1000
        await services.flight.claim(key, "first")
        assert lease_ms - 1000 < left_ms() <= lease_ms
        client.pexpire(keys.flight(key), 1000)
        await services.flight.claim(key, "second")
        assert left_ms() <= 1000
        await services.flight.renew(key, "first")
        assert left_ms() > lease_ms - 1000
        client.pexpire(keys.flight(key), 1)
        async with asyncio.timeout(5):
            while await services.flight.claim(key, "second") != "second":
                await asyncio.sleep(0.002)
        await services.flight.renew(key, "first")
        assert await services.flight.claim(key, "third") == "second"


async def test_lead_in_memory_ends_without_renewal() -> None:
    clock = FakeClock()
    memory = MemorySingleFlight(clock)
    await memory.claim("key", "first")
    clock.advance(FLIGHT_SECONDS - 1)
    await memory.renew("key", "first")
    clock.advance(FLIGHT_SECONDS - 1)
    assert await memory.claim("key", "second") == "first"
    clock.advance(1)
    assert await memory.claim("key", "second") == "second"


def test_lease_is_the_same_in_memory() -> None:
    assert FLIGHT_SECONDS == flight.LEASE_SECONDS


async def test_who_finds_nonsense_leads_itself(server: RedisServer, open_services: OpenServices) -> None:
    errors = CacheErrors()
    services = open_services(server.url, redis_cluster=server.cluster, breaker=Breaker(errors))
    with server.client() as client:
        for number, found in enumerate([b"", b"not an id!", b"\xff" * 10, b"x" * 65]):
            key = f"{new_id()}{number}"
            client.set(keys.flight(key), found)
            assert await services.flight.claim(key, "mine") == "mine"
        key = new_id()
        client.lpush(keys.flight(key), "first")
        assert await services.flight.claim(key, "mine") == "mine"
        await services.flight.renew(key, "mine")
        await services.flight.release(key, "mine")
        assert client.type(keys.flight(key)) == "list"
    assert errors.by_operation == {
        "flight_claim": 5,
        "flight_renew": 1,
        "flight_release": 1,
    }
