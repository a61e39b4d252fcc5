"""Metric math, as far as the template uses it."""

import pytest

from local_stack.dashboard.lines import Line
from local_stack.dashboard.metric_math import MetricMathError, Value, evaluate

_LINES = {
    "hits": Line((1.0, None, 4.0, 0.0), "Count"),
    "misses": Line((3.0, 1.0, None, 0.0), "Count"),
}


class Terms:
    """Two metrics, and a search with fixed results."""

    period = 60
    count = 4

    def named(self, identifier: str) -> Value:
        if identifier not in _LINES:
            raise MetricMathError(identifier)
        return _LINES[identifier]

    def metrics(self) -> list[Line]:
        return list(_LINES.values())

    def search(self, query: str, statistic: str) -> list[Line]:
        assert statistic == "Sum"
        return list(_LINES.values()) if query == "what" else []


def values(expression: str) -> tuple[float | None, ...]:
    found = evaluate(expression, Terms())
    assert isinstance(found, Line)
    return found.values


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("hits", (1, None, 4, 0)),
        ("hits + misses", (4, None, None, 0)),
        ("hits - 1", (0, None, 3, -1)),
        ("2 * 3 * hits", (6, None, 24, 0)),
        ("FILL(hits, 0)", (1, 0, 4, 0)),
        ("100 * FILL(hits, 0) / (FILL(hits, 0) + FILL(misses, 0))", (25, 0, 100, None)),
        ("hits / PERIOD(hits)", (1 / 60, None, 4 / 60, 0)),
        ("IF(FILL(hits, 0) + FILL(misses, 0) >= 4, 100 * hits, 0)", (100, 0, 400, 0)),
        ("IF(hits >= 1, 7, misses)", (7, None, 7, 0)),
        ("SUM([hits, misses])", (4, 1, 4, 0)),
        ("MAX([FILL(hits, 0), FILL(misses, 0)])", (3, 1, 4, 0)),
        ("SUM(METRICS())", (4, 1, 4, 0)),
        ("SUM(SEARCH('what', 'Sum'))", (4, 1, 4, 0)),
        ("SUM(SEARCH('nothing', 'Sum'))", (None, None, None, None)),
    ],
)
def test_expression_has_a_value_for_each_period(expression: str, expected: tuple[float | None, ...]) -> None:
    assert values(expression) == expected


def test_search_yields_one_line_per_metric() -> None:
    assert evaluate("SEARCH('what', 'Sum')", Terms()) == list(_LINES.values())


@pytest.mark.parametrize(
    "expression",
    [
        "hits +",
        "AVG([hits])",
        "hits ** 2",
        "hits if hits else misses",
        "__import__('os')",
        "hits.values",
        "FILL(hits, REPEAT)",
        "FILL(METRICS(), 0)",
        "SUM(hits)",
        "[1]",
        "METRICS() + METRICS()",
        "METRICS() + hits",
        "1 < hits < 2",
        "True",
    ],
)
def test_unknown_expressions_are_refused(expression: str) -> None:
    with pytest.raises(MetricMathError):
        evaluate(expression, Terms())
