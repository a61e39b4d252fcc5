"""`retry-after` and `retry-after-ms` in their forms."""

import time
from email.utils import formatdate

import pytest

from chat_stream.providers.errors import provider_error
from chat_stream.providers.failures.retry_after import MAX_SECONDS, retry_after_seconds

FAR_FUTURE = "Fri, 31 Dec 9999 23:59:59 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("1.5", 1.5),
        ("-3", 0),
        ("86401", MAX_SECONDS),
        ("1e300", MAX_SECONDS),
        ("1e999", MAX_SECONDS),
        ("inf", MAX_SECONDS),
        (FAR_FUTURE, MAX_SECONDS),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("nan", None),
        ("soon", None),
        ("5, 7", None),
        ("", None),
    ],
)
def test_seconds(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": value}) == seconds


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [("1500", 1.5), ("-1", 0), ("1e300", MAX_SECONDS), ("nan", 7), ("soon", 7), ("", 7)],
)
def test_milliseconds_come_first(milliseconds: str, seconds: float) -> None:
    """As the SDKs read them."""
    assert retry_after_seconds({"retry-after-ms": milliseconds, "retry-after": "7"}) == seconds


def test_date() -> None:
    seconds = retry_after_seconds({"retry-after": formatdate(time.time() + 60, usegmt=True)})
    assert seconds == pytest.approx(60, abs=2)


def test_date_in_the_past_is_now() -> None:
    assert retry_after_seconds({"retry-after": formatdate(0, usegmt=True)}) == 0


def test_none() -> None:
    assert retry_after_seconds({}) is None


@pytest.mark.parametrize(("seconds", "told"), [(0.0, 1), (0.2, 1), (17.5, 18), (18.0, 18)])
def test_error_has_whole_seconds(seconds: float, told: int) -> None:
    error = provider_error("OpenAI", "provider_rate_limited", retry_after=seconds)
    assert error.extensions == {"retryAfterSeconds": told}


@pytest.mark.parametrize("code", ["provider_rejected", "provider_misconfigured"])
def test_permanent_error_has_no_retry_after(code: str) -> None:
    assert provider_error("OpenAI", code, retry_after=5).extensions == {}
