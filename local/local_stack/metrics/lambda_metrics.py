"""The AWS/Lambda metrics of functions that run here.

Source: docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

import time

from local_stack.metrics.recorder import MetricsRecorder, SeriesKey

NAMESPACE = "AWS/Lambda"
CLIENT_ERRORS, SERVER_ERRORS = range(400, 500), range(500, 600)


class LambdaMetrics:
    """One function's metrics. As in Lambda, a successful invocation records zero errors, not a missing value."""

    def __init__(self, metrics: MetricsRecorder, function: str) -> None:
        self._metrics = metrics
        self._dimensions = (("FunctionName", function),)
        self._running = 0

    def invocation_started(self) -> None:
        self._running += 1
        self._count("Invocations")
        self.sample()

    def invocation_ended(self, seconds: float, *, failed: bool) -> None:
        """Records the end of an invocation that took `seconds`."""
        self._running -= 1
        self._count("Errors", int(failed))
        self._count("Throttles", 0)
        self._add("Duration", "Milliseconds", seconds * 1000)

    def throttled(self) -> None:
        """Records a rejected invocation."""
        self._count("Throttles")

    def url_responded(self, status: int) -> None:
        """Records a response of the Function URL."""
        self._count("UrlRequestCount")
        self._count("Url4xxCount", int(status in CLIENT_ERRORS))
        self._count("Url5xxCount", int(status in SERVER_ERRORS))

    def sample(self) -> None:
        """Records the number of running invocations; called periodically for long ones."""
        if self._running:
            self._count("ConcurrentExecutions", self._running)

    def _count(self, name: str, count: int = 1) -> None:
        self._add(name, "Count", count)

    def _add(self, name: str, unit: str, value: float) -> None:
        self._metrics.add(SeriesKey(NAMESPACE, name, self._dimensions), unit, time.time(), value)
