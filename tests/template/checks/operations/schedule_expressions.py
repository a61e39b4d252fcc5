"""EventBridge Scheduler's expressions: rate(), cron() and at().

Source: docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from datetime import datetime

_FIELDS = (
    ("minutes", 0, 59, ""),
    ("hours", 0, 23, ""),
    ("day of month", 1, 31, "?LW"),
    ("month", 1, 12, ""),
    ("day of week", 1, 7, "?L#"),
    ("year", 1970, 2199, ""),
)
_MONTHS = {
    name: str(number) for number, name in enumerate(re.findall("...", "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"), 1)
}
_DAYS = {name: str(number) for number, name in enumerate(re.findall("...", "SUNMONTUEWEDTHUFRISAT"), 1)}
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"([1-9]\d*) (minute|hour|day)(s?)")


class ScheduleExpressionError(ValueError):
    """EventBridge would refuse the expression; the message says why."""


def interval_seconds(expression: str) -> int | None:
    """Of a rate; None for another valid expression.

    Raises:
        ScheduleExpressionError: EventBridge would refuse it.
    """
    match = re.fullmatch(r"(rate|cron|at)\(([^()]*)\)", expression)
    if match is None:
        raise ScheduleExpressionError(f"{expression!r} is none of rate(...), cron(...) and at(...)")
    kind, argument = match.groups()
    if kind == "rate":
        return _rate(argument)
    if kind == "cron":
        _cron(argument)
    else:
        _at(argument)
    return None


def _rate(text: str) -> int:
    match = _RATE.fullmatch(text)
    if match is None:
        raise ScheduleExpressionError(f"rate({text}) is not a whole number, a space and minutes, hours or days")
    count, unit, plural = int(match[1]), match[2], match[3]
    if (count == 1) == bool(plural):
        raise ScheduleExpressionError(f"rate({text}): one takes {unit}, more take {unit}s")
    return count * _SECONDS[unit]


def _at(text: str) -> None:
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007  # the zone is a separate property
    except ValueError as error:
        raise ScheduleExpressionError(f"at({text}): {error}") from None


def _cron(text: str) -> None:
    values = text.split(" ")
    if len(values) != len(_FIELDS):
        raise ScheduleExpressionError(f"cron({text}) has {len(values)} fields, not {len(_FIELDS)}")
    for value, (name, lowest, highest, special) in zip(values, _FIELDS, strict=True):
        for item in value.split(","):
            if not _is_cron_item(_numbers(name, item), lowest, highest, special):
                raise ScheduleExpressionError(f"cron({text}): {item!r} is no {name}")
    if (values[2] == "?") == (values[4] == "?"):
        raise ScheduleExpressionError(f"cron({text}): one of the days must be ?, and one only")


def _numbers(field: str, item: str) -> str:
    names = {"month": _MONTHS, "day of week": _DAYS}.get(field, {})
    return re.sub(r"[A-Z]{3}", lambda match: names.get(match[0], match[0]), item)


def _is_cron_item(item: str, lowest: int, highest: int, special: str) -> bool:
    if item == "?" or (item in {"L", "LW"} and item[-1] in special):
        return "?" in special
    if "#" in special and (match := re.fullmatch(r"([1-7])(#[1-5]|L)", item)):
        return match is not None
    if "W" in special and (match := re.fullmatch(r"(\d+)W", item)):
        return lowest <= int(match[1]) <= highest
    match = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?", item)
    if match is None:
        return False
    first, last = (int(number) if number else lowest for number in match.group(1, 2))
    return lowest <= first <= highest and (match[2] is None or first <= last <= highest)
