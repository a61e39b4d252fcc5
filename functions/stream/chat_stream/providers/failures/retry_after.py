"""How long a provider wants to be left alone."""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

MAX_SECONDS = 86_400
"""Longer waits are reported as a day."""


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """What the headers of a refusal say, from 0 to `MAX_SECONDS`; None: nothing usable.

    Both SDKs prefer `retry-after-ms` to `retry-after` (RFC 9110, section 10.2.3: seconds or a date).
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is None and value:
        seconds = _until(value)
    return None if seconds is None else _bounded(seconds)


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _until(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_SECONDS)
