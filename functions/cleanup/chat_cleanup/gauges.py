"""Converts the results of a cleanup run to metrics."""

from chat.metrics import Metric
from chat.redis.statistics import RedisStatistics
from chat_cleanup.run_summary import RunSummary


def gauges(summary: RunSummary, redis: RedisStatistics) -> dict[Metric, float]:
    """The metrics of a run. Omits a gauge whose value is unknown, so that a chart does not show a false dip."""
    values: dict[Metric, float | None] = {
        Metric.SESSIONS_EXPIRED: summary.expired,
        Metric.SESSIONS_SETTLED: summary.settled,
        Metric.CLEANUP_FAILURES: summary.failures,
        Metric.OLDEST_STUCK_SECONDS: summary.oldest_stuck_seconds,
        Metric.ACTIVE_SESSIONS: summary.active if summary.complete else None,
        Metric.STREAMS_IN_FLIGHT: summary.streaming if summary.complete else None,
        Metric.CACHE_ENTRIES: redis.entries,
        Metric.CACHE_MEMORY_BYTES: redis.memory_bytes,
        Metric.CACHE_HIT_RATE: redis.hit_rate_percent,
    }
    return {metric: value for metric, value in values.items() if value is not None}
