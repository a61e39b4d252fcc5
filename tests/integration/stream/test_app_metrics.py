"""What requests publish that never become a stream."""

import asyncio

from chat.metrics import CacheErrorMetrics, Metric
from chat.redis import CacheErrors
from fakes.functions.stream_service import Service, bearer, token
from fakes.providers.scripted import Pause
from fakes.recorded_metrics import RecordedMetrics

EVENTS = {"accept": "text/event-stream"}


async def test_stream_beyond_the_limit_is_counted_in_both_forms() -> None:
    pause = Pause()
    service = Service("one", pause, concurrent_streams=1)
    first, second = service.world.start("Hi"), service.world.start("Hi", chat_id="other")
    async with service.client() as client:
        headers = bearer(token())
        running = asyncio.create_task(client.get(f"/chat/stream?sessionId={first.session_id}", headers=headers))
        await pause.reached.wait()
        plain = await client.get(f"/chat/stream?sessionId={second.session_id}", headers=headers)
        streamed = await client.get(f"/chat/stream?sessionId={second.session_id}", headers=headers | EVENTS)
        pause.released.set()
        await running

    assert (plain.status_code, streamed.status_code) == (429, 200)
    refused = [record for record in service.world.metrics.records if Metric.RATE_LIMITED in record.values]
    assert len(refused) == 2
    assert refused[0].log_fields == {"error.type": "too_many_streams", "session_id": second.session_id}


async def test_other_refusals_publish_nothing_but_what_failed_in_redis() -> None:
    errors, recorded = CacheErrors(), RecordedMetrics()
    service = Service("text", metrics=CacheErrorMetrics(recorded, errors))
    async with service.client() as client:
        await client.get("/chat/stream?sessionId=unknown", headers=bearer(token()))
        await client.get("/chat/stream?sessionId=unknown")
        assert recorded.records == []

        errors.count("cache_get")
        await client.get("/chat/stream?sessionId=unknown", headers=bearer(token()))

    assert recorded.only().values == {Metric.CACHE_ERROR: [1]}
    assert recorded.only().log_fields == {"error.type": "session_not_found", "cache_errors.cache_get": 1}


async def test_record_is_out_before_the_request_is_over() -> None:
    """Lambda may freeze the process after that."""
    service = Service("text")
    session = service.world.start("Hello")
    async with service.client() as client:
        await client.get(f"/chat/stream?sessionId={session.session_id}", headers=bearer(token()))
        assert service.world.metrics.only().values[Metric.STREAMS_COMPLETED] == [1]
