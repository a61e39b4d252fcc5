"""Which pages may call the functions from a browser."""

import re
from typing import Any

import pytest


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


@pytest.mark.parametrize(
    ("name", "method", "headers"),
    [
        ("StartFunction", "POST", {"content-type", "idempotency-key"}),
        ("StreamFunction", "GET", {"cache-control", "last-event-id"}),
        ("HistoryFunction", "GET", set()),
    ],
)
def test_what_a_page_sends_is_allowed(template: dict[str, Any], name: str, method: str, headers: set[str]) -> None:
    cors = template["Resources"][name]["Properties"]["FunctionUrlConfig"]["Cors"]
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
def test_exposed_response_headers(template: dict[str, Any], name: str, headers: set[str]) -> None:
    assert headers <= set(template["Resources"][name]["Properties"]["FunctionUrlConfig"]["Cors"]["ExposeHeaders"])
