"""Which pages may call the functions from a browser."""

import re
from typing import Any

import pytest


@pytest.fixture
def cors(resources: dict[str, dict[str, Any]], called_function: str) -> dict[str, Any]:
    found: dict[str, Any] = resources[f"{called_function}Url"]["Properties"]["Cors"]
    return found


def test_any_page_may_call_but_without_credentials(cors: dict[str, Any], resolve: Any) -> None:
    resolved = resolve(cors, AllowedOrigins="*")
    assert resolved["AllowOrigins"] == ["*"]
    assert resolved["AllowCredentials"] is False


def test_named_pages_may_send_credentials(cors: dict[str, Any], resolve: Any) -> None:
    resolved = resolve(cors, AllowedOrigins="https://chat.example.com,http://localhost:5173")
    assert resolved["AllowOrigins"] == ["https://chat.example.com", "http://localhost:5173"]
    assert resolved["AllowCredentials"] is True


@pytest.mark.parametrize(
    "origins",
    ["", "https://a.example,*", "*,*", "https://*.example", "https://a.example/", "a.example", "https://a.example, *"],
)
def test_origins_that_mislead_are_refused(template: dict[str, Any], origins: str) -> None:
    """Above all a * among others: it would let every page send credentials."""
    assert not re.fullmatch(template["Parameters"]["AllowedOrigins"]["AllowedPattern"], origins)


@pytest.mark.parametrize("origins", ["*", "https://a.example", "https://a.example:8443,http://localhost:3000"])
def test_origins_that_are_accepted(template: dict[str, Any], origins: str) -> None:
    assert re.fullmatch(template["Parameters"]["AllowedOrigins"]["AllowedPattern"], origins)


def test_methods_and_headers_are_named(cors: dict[str, Any]) -> None:
    """With credentials, browsers take a * there literally."""
    for key in ("AllowMethods", "AllowHeaders", "ExposeHeaders"):
        assert cors[key]
        assert "*" not in cors[key]
    assert "authorization" in cors["AllowHeaders"]


@pytest.mark.parametrize(
    ("name", "method", "headers"),
    [
        ("StartFunction", "POST", {"content-type", "idempotency-key"}),
        ("StreamFunction", "GET", {"cache-control", "last-event-id"}),
        ("HistoryFunction", "GET", set()),
    ],
)
def test_what_a_page_sends_is_allowed(
    resources: dict[str, dict[str, Any]], name: str, method: str, headers: set[str]
) -> None:
    cors = resources[f"{name}Url"]["Properties"]["Cors"]
    assert cors["AllowMethods"] == [method]
    assert headers <= set(cors["AllowHeaders"])


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("StartFunction", {"ratelimit", "ratelimit-policy", "retry-after"}),
        ("StreamFunction", {"retry-after"}),
        ("HistoryFunction", {"www-authenticate"}),
    ],
)
def test_what_a_page_is_told_it_may_read(resources: dict[str, dict[str, Any]], name: str, headers: set[str]) -> None:
    assert headers <= set(resources[f"{name}Url"]["Properties"]["Cors"]["ExposeHeaders"])
