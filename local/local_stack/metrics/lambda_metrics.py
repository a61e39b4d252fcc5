"""What CloudWatch has in AWS/Lambda, of functions that run here.

Source: docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

import time

from local_stack.metrics.recorder import MetricsRecorder, SeriesKey

NAMESPACE = "AWS/Lambda"
CLIENT_ERRORS, SERVER_ERRORS = range(400, 500), range(500, 600)


class LambdaMetrics:
    """One function's figures. As in Lambda, an invocation without an error counts as zero errors, not as nothing."""

    def __init__(self, metrics: MetricsRecorder, function: str) -> None:
        self._metrics = metrics
        self._dimensions = (("FunctionName", function),)
        self._running = 0

    def begins(self) -> None:
        """An invocation begins."""
        self._running += 1
        self._count("Invocations")
        self.sample()

    def ends(self, seconds: float, *, failed: bool) -> None:
        """It has ended, after so long."""
        self._running -= 1
        self._count("Errors", int(failed))
        self._count("Throttles", 0)
        self._add("Duration", "Milliseconds", seconds * 1000)

    def throttled(self) -> None:
        """An invocation was refused."""
        self._count("Throttles")

    def answered(self, status: int) -> None:
        """The function's URL answered."""
        self._count("UrlRequestCount")
        self._count("Url4xxCount", int(status in CLIENT_ERRORS))
        self._count("Url5xxCount", int(status in SERVER_ERRORS))

    def sample(self) -> None:
        """Says how many invocations run; time and again, for those that run long."""
        if self._running:
            self._count("ConcurrentExecutions", self._running)

    def _count(self, name: str, count: int = 1) -> None:
        self._add(name, "Count", count)

    def _add(self, name: str, unit: str, value: float) -> None:
        self._metrics.add(SeriesKey(NAMESPACE, name, self._dimensions), unit, time.time(), value)
