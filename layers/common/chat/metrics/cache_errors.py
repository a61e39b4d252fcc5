"""What fails in Redis, as a metric: counted where it happens, published with what the request publishes anyway."""

from typing import TYPE_CHECKING

from chat.metrics.catalogue import Metric
from chat.metrics.port import Fact, Metrics, ModelLabels, Values

if TYPE_CHECKING:
    from chat.redis.breaker.cache_errors import CacheErrors


class CacheErrorMetrics:
    """A `chat.metrics.Metrics` that adds, to each record, the failures counted since the one before.

    So a Redis that is down, where every call fails at once, costs no record a call. The end of a request calls
    `flush` for those that no record took along.
    """

    def __init__(self, metrics: Metrics, errors: "CacheErrors") -> None:
        self._metrics = metrics
        self._errors = errors

    def publish(self, values: Values, *, model: ModelLabels | None = None, **facts: Fact) -> None:
        """See `Metrics.publish`."""
        failed = self._errors.drain()
        if failed:
            values = {**values, Metric.CACHE_ERROR: sum(failed.values())}
            facts = {**facts, **{f"cache_errors.{operation}": count for operation, count in failed.items()}}
        if values:
            self._metrics.publish(values, model=model, **facts)

    def flush(self) -> None:
        """Publishes the failures that are left; a record of their own, if there are any."""
        self.publish({})
