"""Writes records in CloudWatch's Embedded Metric Format to stdout. Powertools serializes them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

Powertools' `Metrics` keeps one set of metrics per process, so concurrent requests would mix their values. Each record
here uses a separate `EphemeralMetrics`, which shares nothing. This module writes the line itself, because Powertools
prints it in two writes, between which another thread may write, and does not flush.
"""

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from aws_lambda_powertools.metrics.functions import is_metrics_disabled

from chat.error_fields import safe_error_fields
from chat.metrics.catalogue import Metric
from chat.metrics.port import LogValue, ModelLabels, Values

MAX_VALUES = 99
"""Values of one metric in a record. CloudWatch accepts 100, but at 100 Powertools writes the record itself."""
DEFAULT_NAMESPACE = "chat-sse"
DEFAULT_SERVICE = "service_undefined"
"""The name that Powertools uses in log lines if POWERTOOLS_SERVICE_NAME is not set."""

logger = Logger()

type _Batch = Mapping[Metric, Sequence[float]]


def build_metrics(environ: Mapping[str, str] = os.environ) -> "EmfMetrics":
    """Metrics with the namespace POWERTOOLS_METRICS_NAMESPACE and the service POWERTOOLS_SERVICE_NAME."""
    return EmfMetrics(
        environ.get("POWERTOOLS_METRICS_NAMESPACE") or DEFAULT_NAMESPACE,
        environ.get("POWERTOOLS_SERVICE_NAME") or DEFAULT_SERVICE,
    )


class EmfMetrics:
    """A `chat.metrics.Metrics`. It has no mutable state, so threads and tasks can share it."""

    def __init__(self, namespace: str, service: str) -> None:
        self._namespace = namespace
        self._service = service

    def publish(self, values: Values, *, model: ModelLabels | None = None, **log_fields: LogValue) -> None:
        """See `Metrics.publish`. Values that are not finite are omitted."""
        try:
            if is_metrics_disabled():
                return
            for batch in _batches(values):
                _write(self._record(batch, model) | _with_logger_keys(log_fields))
                log_fields = {}
        except Exception as error:  # noqa: BLE001  # metrics must not fail a request
            logger.warning("metrics not published", **safe_error_fields(error))

    def _record(self, batch: _Batch, model: ModelLabels | None) -> dict[str, Any]:
        """One EMF object. Metrics that are also published by model have a separate directive."""
        by_model = {metric for metric in batch if metric.by_model and model is not None}
        parts = [
            self._part({metric: found for metric, found in batch.items() if metric in metrics}, labels)
            for metrics, labels in ((batch.keys() - by_model, None), (by_model, model))
            if metrics
        ]
        root = parts[0]["_aws"]
        root["CloudWatchMetrics"] = [directive for part in parts for directive in part["_aws"]["CloudWatchMetrics"]]
        record = {name: value for part in parts for name, value in part.items()} | {"_aws": root}
        # A single value is a number: Logs Insights cannot select the only element of an array.
        return record | {metric.value: found[0] for metric, found in batch.items() if len(found) == 1}

    def _part(self, values: _Batch, model: ModelLabels | None) -> dict[str, Any]:
        emf = EphemeralMetrics(namespace=self._namespace, service=self._service)
        if model is not None:
            emf.add_dimensions(service=self._service, provider=model.provider, model=model.model)
        for metric, found in values.items():
            for value in found:
                emf.add_metric(metric.value, metric.unit.value, value)
        return dict(emf.serialize_metric_set())


def _batches(values: Values) -> Iterator[_Batch]:
    """Splits the values into records of at most `MAX_VALUES` per metric; usually there is one."""
    rest = {metric: _finite(given) for metric, given in values.items()}
    while rest := {metric: found for metric, found in rest.items() if found}:
        yield {metric: found[:MAX_VALUES] for metric, found in rest.items()}
        rest = {metric: found[MAX_VALUES:] for metric, found in rest.items()}


def _finite(given: float | Sequence[float]) -> list[float]:
    values = given if isinstance(given, Sequence) else [given]
    return [float(value) for value in values if math.isfinite(value)]


def _with_logger_keys(log_fields: Mapping[str, LogValue]) -> dict[str, LogValue]:
    """The fields that are not None, with the logger's own keys such as the request id."""
    found = {**logger.thread_safe_get_current_keys(), **log_fields}
    return {name: value for name, value in found.items() if value is not None}


def _write(record: Mapping[str, Any]) -> None:
    """Writes a line in one call, so lines of threads do not mix, and flushes, because Lambda may freeze the process."""
    sys.stdout.write(json.dumps(record, separators=(",", ":")) + "\n")
    sys.stdout.flush()
