"""Records in CloudWatch's Embedded Metric Format, made by Powertools and written to stdout.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

Powertools' `Metrics` has one set of metrics per process, in which concurrent requests would mix. Each record here is a
separate `EphemeralMetrics`. The line is printed here, because Powertools prints it with two writes, between which
another thread may write, and does not flush it.
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
from chat.metrics.port import Fact, ModelLabels, Values

MAX_VALUES = 99
"""Values of one metric in a record. CloudWatch's limit is 100, at which Powertools would print the record."""
DEFAULT_NAMESPACE = "chat-sse"
DEFAULT_SERVICE = "service_undefined"
"""Powertools' service name in log lines without POWERTOOLS_SERVICE_NAME."""

logger = Logger()

type _Batch = Mapping[Metric, Sequence[float]]


def build_metrics(environ: Mapping[str, str] = os.environ) -> "EmfMetrics":
    """The metrics of this function, named by POWERTOOLS_METRICS_NAMESPACE and POWERTOOLS_SERVICE_NAME."""
    return EmfMetrics(
        environ.get("POWERTOOLS_METRICS_NAMESPACE") or DEFAULT_NAMESPACE,
        environ.get("POWERTOOLS_SERVICE_NAME") or DEFAULT_SERVICE,
    )


class EmfMetrics:
    """A `chat.metrics.Metrics`. It has no mutable state, so threads and tasks may share it."""

    def __init__(self, namespace: str, service: str) -> None:
        self._namespace = namespace
        self._service = service

    def publish(self, values: Values, *, model: ModelLabels | None = None, **facts: Fact) -> None:
        """See `Metrics.publish`. Values that are not finite numbers are left out."""
        try:
            if is_metrics_disabled():
                return
            for batch in _batches(values):
                _write(self._record(batch, model) | _known(facts))
                facts = {}
        except Exception as error:  # noqa: BLE001  # no request fails for its metrics
            logger.warning("metrics not published", **safe_error_fields(error))

    def _record(self, batch: _Batch, model: ModelLabels | None) -> dict[str, Any]:
        """One object, with a separate directive for metrics with further dimensions."""
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
    """Splits values into records; one record is nearly always enough."""
    rest = {metric: _finite(given) for metric, given in values.items()}
    while rest := {metric: found for metric, found in rest.items() if found}:
        yield {metric: found[:MAX_VALUES] for metric, found in rest.items()}
        rest = {metric: found[MAX_VALUES:] for metric, found in rest.items()}


def _finite(given: float | Sequence[float]) -> list[float]:
    values = given if isinstance(given, Sequence) else [given]
    return [float(value) for value in values if math.isfinite(value)]


def _known(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """The facts, and the request id as in log lines."""
    return {name: fact for name, fact in {**logger.thread_safe_get_current_keys(), **facts}.items() if fact is not None}


def _write(record: Mapping[str, Any]) -> None:
    """Writes the line at once, so that lines of threads do not mix, and flushes it: Lambda may freeze the process."""
    sys.stdout.write(json.dumps(record, separators=(",", ":")) + "\n")
    sys.stdout.flush()
