"""Failed Redis calls as a metric, published with the records that a request publishes anyway."""

from typing import TYPE_CHECKING

from chat.metrics.catalogue import Metric
from chat.metrics.port import LogValue, Metrics, ModelLabels, Values

if TYPE_CHECKING:
    from chat.redis.breaker.cache_errors import CacheErrors


class CacheErrorMetrics:
    """A `chat.metrics.Metrics` that adds the failures counted since the last record to each record.

    While Redis is down, every call fails at once; this avoids a record per call. A request calls `flush` at its end to
    publish the failures that no record has included.
    """

    def __init__(self, metrics: Metrics, errors: "CacheErrors") -> None:
        self._metrics = metrics
        self._errors = errors

    def publish(self, values: Values, *, model: ModelLabels | None = None, **log_fields: LogValue) -> None:
        """See `Metrics.publish`."""
        failed = self._errors.drain()
        if failed:
            values = {**values, Metric.CACHE_ERROR: sum(failed.values())}
            log_fields = {**log_fields, **{f"cache_errors.{operation}": count for operation, count in failed.items()}}
        if values:
            self._metrics.publish(values, model=model, **log_fields)

    def flush(self) -> None:
        """Publishes the remaining failures, if any, as a separate record."""
        self.publish({})
