"""The stack's own paths, with the project's own template."""

from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import jwt
import pytest

from fakes.dynamodb.server import dynamodb_server
from fakes.dynamodb.tables import TEMPLATE
from fakes.stack.process import RunningStack, running_stack
from local_stack.sam.template import read_template
from local_stack.services.dynamodb import create_tables


@pytest.fixture(scope="module")
def whole() -> Iterator[RunningStack]:
    with running_stack() as stack:
        yield stack


def user_record(stack: RunningStack, user: str) -> Any:
    table = boto3.resource(
        "dynamodb",
        endpoint_url=stack.address_of("dynamodb"),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    ).Table("UsersTable")
    return table.get_item(Key={"userId": user}, ConsistentRead=True).get("Item")


def test_token_opens_the_functions(whole: RunningStack) -> None:
    response = httpx.get(f"{whole.url}/local/token", params={"user": "alice@example.com", "tier": "PRO"})

    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    claims = jwt.decode(response.text, options={"verify_signature": False})
    assert (claims["sub"], claims["iss"], claims["aud"]) == ("alice@example.com", "chat-sse-local", "chat-sse")
    models = httpx.get(f"{whole.url}/chat/models", headers={"authorization": f"Bearer {response.text}"})
    assert models.status_code == 200
    assert models.json()["tier"] == "PRO"


def test_token_sets_tier_and_status(whole: RunningStack) -> None:
    whole.token("bob", "BASIC")
    whole.token("bob", "ENTERPRISE", disabled=True)

    record = user_record(whole, "bob")
    assert record is not None
    assert (record["tier"], record["disabled"]) == ("ENTERPRISE", True)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "user must be"),
        ("user=", "user must be"),
        (f"user={'x' * 129}", "user must be"),
        ("user=a%00b", "user must be"),
        ("user=mallory&tier=GOLD", "tier must be one of BASIC, PRO, ENTERPRISE."),
        ("user=mallory&disabled=yes", "disabled must be true or false."),
        ("user=mallory&admin=1", "The parameters are"),
        ("user=mallory&user=bob", "The parameters are"),
    ],
)
def test_request_without_a_user_is_refused(whole: RunningStack, query: str, told: str) -> None:
    response = httpx.get(f"{whole.url}/local/token?{query}")

    assert response.status_code == 400
    assert response.json()["detail"].startswith(told)
    assert user_record(whole, "mallory") is None


OTHER_SITES = [
    ({"host": "rebound.attacker.example"}, "use localhost or this machine's IP address"),
    ({"sec-fetch-site": "cross-site"}, "serve the page on localhost"),
    ({"origin": "https://attacker.example", "sec-fetch-site": "cross-site"}, "serve the page on localhost"),
    ({"origin": "https://attacker.example"}, "serve the page on localhost"),
    ({"origin": "https://localhost.attacker.example"}, "serve the page on localhost"),
    ({"origin": "http://192.168.7.7:5173"}, "serve the page on localhost"),
    ({"origin": "null"}, "serve the page on localhost"),
    ({"origin": "http://["}, "serve the page on localhost"),
]
"""Headers of a request from a page of another site, and what its refusal advises."""


@pytest.mark.parametrize(("headers", "remedy"), OTHER_SITES, ids=str)
def test_page_of_another_site_gets_no_token(whole: RunningStack, headers: dict[str, str], remedy: str) -> None:
    for method in ("GET", "OPTIONS"):
        asking = {"access-control-request-method": "GET"} if method == "OPTIONS" else {}
        response = httpx.request(method, f"{whole.url}/local/token?user=mallory", headers=headers | asking)

        assert response.status_code == 403
        assert remedy in response.json()["detail"]
        assert "access-control-allow-origin" not in response.headers
    assert user_record(whole, "mallory") is None


@pytest.mark.parametrize(
    "origin", ["http://localhost:5173", "http://127.0.0.1:8080", "https://app.localhost", "http://[::1]:5173"]
)
def test_page_of_another_server_of_this_machine_can_sign_in(whole: RunningStack, origin: str) -> None:
    url = f"{whole.url}/local/token?user=alice"
    headers = {"origin": origin, "sec-fetch-site": "cross-site"}
    asking = {"access-control-request-method": "GET", "access-control-request-headers": "x-anything"}

    preflight = httpx.options(url, headers=headers | asking)
    response = httpx.get(url, headers=headers)
    refused = httpx.get(whole.url + "/local/token?user=", headers=headers)

    assert preflight.status_code == 204
    assert "GET" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "x-anything"
    assert (response.status_code, refused.status_code) == (200, 400)
    for answer in (preflight, response, refused):
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(("headers", "remedy"), OTHER_SITES, ids=str)
def test_page_of_another_site_runs_no_function(whole: RunningStack, headers: dict[str, str], remedy: str) -> None:
    response = httpx.post(f"{whole.url}/local/run/CleanupFunction", headers=headers)

    assert response.status_code == 403
    assert remedy in response.json()["detail"]
    assert "access-control-allow-origin" not in response.headers


def test_page_of_another_server_of_this_machine_can_run_a_function(whole: RunningStack) -> None:
    url, headers = f"{whole.url}/local/run/CleanupFunction", {"origin": "http://localhost:5173"}

    preflight = httpx.options(url, headers=headers | {"access-control-request-method": "POST"})
    response = httpx.post(url, headers=headers, timeout=60)

    assert (preflight.status_code, response.status_code) == (204, 200)
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert response.headers["access-control-allow-origin"] == "http://localhost:5173"


def test_token_can_only_be_got(whole: RunningStack) -> None:
    assert httpx.post(f"{whole.url}/local/token?user=alice").status_code == 405


def test_dynamodb_that_is_given_is_used_with_what_it_holds() -> None:
    with dynamodb_server() as url:
        create_tables(url, read_template(TEMPLATE))
        with running_stack(environ={"AWS_ENDPOINT_URL_DYNAMODB": url}) as stack:
            token = stack.token("carol", "ENTERPRISE")
            models = httpx.get(f"{stack.url}/chat/models", headers={"authorization": f"Bearer {token}"})
            log = stack.log()

    assert models.json()["tier"] == "ENTERPRISE"
    assert "dynamodb | is on" not in log
    assert "Data is in memory only" not in log


def test_tables_have_the_templates_indexes_and_ttl(whole: RunningStack) -> None:
    client = boto3.client(
        "dynamodb",
        endpoint_url=whole.address_of("dynamodb"),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )

    indexes = client.describe_table(TableName="ChatsTable")["Table"]["GlobalSecondaryIndexes"]
    assert [index["IndexName"] for index in indexes] == ["ChatsByActivity"]
    ttl = client.describe_time_to_live(TableName="SessionsTable")["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "ttl")


def test_demo_page_is_at_the_root(whole: RunningStack) -> None:
    response = httpx.get(f"{whole.url}/")

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-security-policy"].startswith("default-src 'self';")
    assert "<html" in response.text
    assert httpx.get(f"{whole.url}/js/main.js").headers["content-type"] == "text/javascript; charset=utf-8"
    assert httpx.post(f"{whole.url}/").status_code == 405
