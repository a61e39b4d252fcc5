"""A run's numbers as metrics."""

from chat.metrics import Metric
from chat.redis.statistics import RedisStatistics
from chat_cleanup.activity import Traffic
from chat_cleanup.run_summary import Tally


def gauges(tally: Tally, traffic: Traffic | None, redis: RedisStatistics) -> dict[Metric, float]:
    """What is known. A gauge that would not be the truth is left out, rather than drawn as a dip."""
    values: dict[Metric, float | None] = {
        Metric.SESSIONS_EXPIRED: tally.expired,
        Metric.SESSIONS_SETTLED: tally.settled,
        Metric.CLEANUP_FAILURES: tally.failures,
        Metric.OLDEST_STUCK_SECONDS: tally.oldest_stuck_seconds,
        Metric.ACTIVE_SESSIONS: tally.active if tally.complete else None,
        Metric.STREAMS_IN_FLIGHT: tally.streaming if tally.complete else None,
        Metric.CHATS_IN_INTERVAL: len(traffic.chats) if traffic else None,
        Metric.MESSAGES_IN_INTERVAL: traffic.messages if traffic else None,
        Metric.CACHE_ENTRIES: redis.entries,
        Metric.CACHE_MEMORY_BYTES: redis.memory_bytes,
        Metric.CACHE_HIT_RATE: redis.hit_rate_percent,
    }
    return {metric: value for metric, value in values.items() if value is not None}
