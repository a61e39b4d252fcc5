"""The parser of schedules takes what EventBridge takes, and nothing else."""

import pytest

from template.checks.operations.schedule_expressions import ScheduleExpressionError, interval_seconds


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(5 minutes)", 300),
        ("rate(1 hour)", 3600),
        ("rate(24 hours)", 86400),
        ("rate(7 days)", 604800),
        ("cron(0 10 * * ? *)", None),
        ("cron(15 12 ? * MON-FRI *)", None),
        ("cron(0/15 * ? * 2#1 2026-2030)", None),
        ("cron(0 8 L JAN,JUL ? *)", None),
        ("cron(0 8 15W * ? *)", None),
        ("cron(0 8 ? * 6L *)", None),
        ("at(2026-11-22T13:00:00)", None),
    ],
)
def test_expression_is_understood(expression: str, seconds: int | None) -> None:
    assert interval_seconds(expression) == seconds


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "rate(5 minute)",
        "rate(1 minutes)",
        "rate(0 minutes)",
        "rate(1.5 hours)",
        "rate(5 seconds)",
        "rate(5minutes)",
        "rate(5 minutes",
        "every 5 minutes",
        "cron(*/5 * * * *)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 10 * FOO ? *)",
        "cron(0 10 ? * 8 *)",
        "cron(0 10 ? * 2#6 *)",
        "cron(0 10 32W * ? *)",
        "cron(0 17-9 * * ? *)",
        "cron(0 10 * * ? 1969)",
        "at(2026-02-30T13:00:00)",
        "at(2026-11-22 13:00)",
    ],
)
def test_expression_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleExpressionError):
        interval_seconds(expression)
