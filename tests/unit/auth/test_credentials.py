"""Where a request carries its bearer token."""

import pytest
from starlette.requests import Request

from chat.http.credentials import bearer_token


def request(**headers: str) -> Request:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw})


@pytest.mark.parametrize("value", ["Bearer abc", "bearer abc", "BEARER   abc ", " Bearer abc"])
def test_the_header(value: str) -> None:
    assert bearer_token(request(authorization=value)) == "abc"


def test_the_cookie() -> None:
    assert bearer_token(request(cookie="theme=dark; chat_token=abc; other=1")) == "abc"


def test_the_header_comes_before_the_cookie() -> None:
    assert bearer_token(request(authorization="Bearer header", cookie="chat_token=cookie")) == "header"


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic YTpi", "abc"])
def test_a_header_without_a_bearer_token_leaves_the_cookie(value: str) -> None:
    assert bearer_token(request(authorization=value, cookie="chat_token=cookie")) == "cookie"
    assert bearer_token(request(authorization=value)) is None


@pytest.mark.parametrize("value", ["chat_token=", "token=abc", ""])
def test_no_token(value: str) -> None:
    assert bearer_token(request(cookie=value)) is None
    assert bearer_token(request()) is None
