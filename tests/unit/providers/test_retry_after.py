"""`retry-after` in its forms."""

import time
from email.utils import formatdate

import pytest

from chat_stream.providers.errors import retry_after_seconds


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("1.5", 1.5), ("-3", 0), ("nan", None), ("inf", None), ("soon", None), ("", None)]
)
def test_seconds(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": value}) == seconds


def test_date() -> None:
    seconds = retry_after_seconds({"retry-after": formatdate(time.time() + 60, usegmt=True)})
    assert seconds == pytest.approx(60, abs=2)


def test_date_in_the_past_is_now() -> None:
    assert retry_after_seconds({"retry-after": formatdate(0, usegmt=True)}) == 0


def test_none() -> None:
    assert retry_after_seconds({}) is None
