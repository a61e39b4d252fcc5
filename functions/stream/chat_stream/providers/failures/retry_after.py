"""Parses how long a provider asks clients to wait before a retry."""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

MAX_SECONDS = 86_400
"""Longer waits are cut to a day."""


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait in a refusal's headers, from 0 to `MAX_SECONDS` seconds, or None if there is no usable one.

    Like both SDKs, it prefers `retry-after-ms` to `retry-after` (RFC 9110, section 10.2.3: seconds or a date).
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
