"""Failed Redis calls as a metric: counted where they happen, published with the request's other metrics."""

from typing import TYPE_CHECKING

from chat.metrics.catalogue import Metric
from chat.metrics.port import Fact, Metrics, ModelLabels, Values

if TYPE_CHECKING:
    from chat.redis.breaker.cache_errors import CacheErrors


class CacheErrorMetrics:
    """A `chat.metrics.Metrics` that adds to each record the failures counted since the last one.

    So a Redis outage, in which every call fails, does not cost a record per call. At the end of a request, `flush`
    publishes the remaining failures.
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
        """Publishes the remaining failures, if any, as a separate record."""
        self.publish({})
