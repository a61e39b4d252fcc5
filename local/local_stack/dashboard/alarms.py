"""Evaluates the state of an alarm.

Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

import operator
from collections.abc import Callable, Mapping

from local_stack.dashboard.definition import Alarm
from local_stack.dashboard.graph import Graph
from local_stack.dashboard.lines import Window
from local_stack.metrics.recorder import MetricsRecorder

OK, ALARM, NO_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def state(alarm: Alarm, metrics: MetricsRecorder, *, now: float, running_since: float) -> str:
    """OK, ALARM or INSUFFICIENT_DATA; values from before the start of the stack do not count as breaching."""
    window = Window.until_now(alarm.period, alarm.periods, now)
    (labelled,) = Graph(alarm.entries, metrics, window).labelled_lines()
    values = labelled.line.values
    compare = _COMPARISONS[alarm.comparison]
    breaching = sum(
        alarm.missing == "breaching" if value is None else compare(value, alarm.threshold) for value in values
    )
    if alarm.missing == "breaching" and running_since > window.start:
        return NO_DATA if all(value is None for value in values) else OK
    return ALARM if breaching >= alarm.needed else OK
