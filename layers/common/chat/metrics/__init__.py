"""The service's metrics, published in CloudWatch's Embedded Metric Format: one JSON line per record.

    metrics = build_metrics(environ)
    metrics.publish({Metric.SESSIONS_STARTED: 1}, session_id=session.session_id)

`chat.metrics.catalogue` defines the metrics, `chat.metrics.fields` the names of log fields.
"""

from chat.metrics.cache_errors import CacheErrorMetrics
from chat.metrics.catalogue import Metric, Service, Unit
from chat.metrics.emf import EmfMetrics, build_metrics
from chat.metrics.port import LogValue, Metrics, ModelLabels, Values

__all__ = [
    "CacheErrorMetrics",
    "EmfMetrics",
    "LogValue",
    "Metric",
    "Metrics",
    "ModelLabels",
    "Service",
    "Unit",
    "Values",
    "build_metrics",
]
