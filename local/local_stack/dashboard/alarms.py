"""Whether an alarm would ring.

Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

import operator
from collections.abc import Callable, Mapping

from local_stack.dashboard.definition import Alarm
from local_stack.dashboard.graph import Graph
from local_stack.dashboard.lines import Window
from local_stack.metrics.recorder import MetricsRecorder

OK, RINGS, NO_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def state(alarm: Alarm, metrics: MetricsRecorder, *, now: float, running_since: float) -> str:
    """OK, ALARM or INSUFFICIENT_DATA; that, too, of values that are missing because the stack is younger than they."""
    window = Window.until_now(alarm.period, alarm.periods, now)
    (shown,) = Graph(alarm.entries, metrics, window).shown()
    values = shown.line.values
    compare = _COMPARISONS[alarm.comparison]
    breaching = sum(
        alarm.missing == "breaching" if value is None else compare(value, alarm.threshold) for value in values
    )
    if alarm.missing == "breaching" and running_since > window.start:
        return NO_DATA if all(value is None for value in values) else OK
    return RINGS if breaching >= alarm.needed else OK
