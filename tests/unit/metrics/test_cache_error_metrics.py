"""Failures of Redis as a metric: none lost, none twice, no record a call."""

import threading

from chat.metrics import CacheErrorMetrics, Metric
from chat.redis import CacheErrors
from fakes.recorded_metrics import RecordedMetrics


def test_failures_go_with_the_next_record() -> None:
    errors, recorded = CacheErrors(), RecordedMetrics()
    metrics = CacheErrorMetrics(recorded, errors)
    for operation in ("cache_get", "cache_get", "log_append"):
        errors.count(operation)

    metrics.publish({Metric.STREAMS_COMPLETED: 1}, session_id="one")
    metrics.publish({Metric.STREAMS_COMPLETED: 1}, session_id="two")
    metrics.flush()

    first, second = recorded.records
    assert first.values == {Metric.STREAMS_COMPLETED: [1], Metric.CACHE_ERROR: [3]}
    assert first.log_fields == {"session_id": "one", "cache_errors.cache_get": 2, "cache_errors.log_append": 1}
    assert second.values == {Metric.STREAMS_COMPLETED: [1]}
    assert errors.total == 3


def test_failures_that_no_record_takes_along_are_flushed() -> None:
    errors, recorded = CacheErrors(), RecordedMetrics()
    metrics = CacheErrorMetrics(recorded, errors)
    metrics.flush()
    assert recorded.records == []

    errors.count("cache_get")
    metrics.flush()

    assert recorded.only().values == {Metric.CACHE_ERROR: [1]}


def test_many_threads_lose_no_failure_and_publish_none_twice() -> None:
    errors, recorded = CacheErrors(), RecordedMetrics()
    metrics = CacheErrorMetrics(recorded, errors)

    def fail() -> None:
        for number in range(500):
            errors.count("cache_get")
            if number % 7 == 0:
                metrics.flush()

    threads = [threading.Thread(target=fail) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    metrics.flush()

    assert recorded.total(Metric.CACHE_ERROR) == errors.total == 4000
    assert len(recorded.records) < 4000
