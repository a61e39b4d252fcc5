"""Events to scopes, response starts to preludes."""

import json
from typing import Any

import pytest

from lambda_asgi.event import UnsupportedEventError, http_scope, lambda_context, prelude
from lambda_asgi.wire import Response


def event(**changes: Any) -> bytes:
    document: dict[str, Any] = {
        "version": "2.0",
        "rawPath": "/a",
        "rawQueryString": "",
        "headers": {},
        "requestContext": {
            "domainName": "f.example",
            "stage": "$default",
            "http": {"method": "GET", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"},
        },
        "isBase64Encoded": False,
    }
    return json.dumps(document | changes).encode()


def context(headers: dict[bytes, bytes]) -> dict[str, Any]:
    return lambda_context(Response(200, {b"lambda-runtime-" + name: value for name, value in headers.items()}, b""))


def test_scope_of_a_plain_request() -> None:
    scope, body = http_scope(event())
    assert body == b""
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/a",
        "raw_path": b"/a",
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("203.0.113.7", 0),
        "server": ("f.example", 443),
        "extensions": {},
    }


@pytest.mark.parametrize(
    ("raw_path", "path"), [("/a%20b", "/a b"), ("/%E2%98%83", "/\u2603"), ("/\u2603", "/\u2603"), ("/a+b", "/a+b")]
)
def test_path_is_decoded_and_the_raw_one_kept(raw_path: str, path: str) -> None:
    scope, _ = http_scope(event(rawPath=raw_path))
    assert (scope["path"], scope["raw_path"]) == (path, raw_path.encode())


@pytest.mark.parametrize(
    ("stage", "raw_path", "root_path"),
    [
        ("$default", "/prod/a", ""),
        ("prod", "/prod/a", "/prod"),
        ("prod", "/prod", "/prod"),
        ("prod", "/production/a", ""),
        ("prod", "/a", ""),
    ],
)
def test_stage_in_the_path_is_the_root_path(stage: str, raw_path: str, root_path: str) -> None:
    request = json.loads(event())["requestContext"] | {"stage": stage}
    scope, _ = http_scope(event(rawPath=raw_path, requestContext=request))
    assert (scope["path"], scope["root_path"]) == (raw_path, root_path)


def test_query_string_stays_as_it_is() -> None:
    scope, _ = http_scope(event(rawQueryString="a=1&a=2&b=%20&c"))
    assert scope["query_string"] == b"a=1&a=2&b=%20&c"


@pytest.mark.parametrize(
    ("headers", "scheme", "port"),
    [
        ({}, "https", 443),
        ({"x-forwarded-proto": "http"}, "http", 80),
        ({"x-forwarded-proto": "http", "x-forwarded-port": "3000"}, "http", 3000),
        ({"x-forwarded-port": "many"}, "https", 443),
    ],
)
def test_scheme_and_port_are_the_clients(headers: dict[str, str], scheme: str, port: int) -> None:
    scope, _ = http_scope(event(headers=headers))
    assert (scope["scheme"], scope["server"]) == (scheme, ("f.example", port))


def test_cookies_make_one_header_and_replace_any_other() -> None:
    scope, _ = http_scope(event(headers={"X-A": "1", "Cookie": "old"}, cookies=["a=1", "b=2"]))
    assert scope["headers"] == [(b"x-a", b"1"), (b"cookie", b"a=1; b=2")]
    scope, _ = http_scope(event(headers={"Cookie": "only=1"}))
    assert scope["headers"] == [(b"cookie", b"only=1")]


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"body": "aGk=", "isBase64Encoded": True}, b"hi"),
        ({"body": "", "isBase64Encoded": True}, b""),
        ({"body": "hi \u2603"}, "hi \u2603".encode()),
        ({"body": None}, b""),
    ],
)
def test_body_is_decoded(fields: dict[str, Any], body: bytes) -> None:
    assert http_scope(event(**fields))[1] == body


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b'{"requestContext": {"http": {}}, "rawPath": "/"}',
        event(rawPath=None, requestContext={"http": None}),
        event(body="a", isBase64Encoded=True),
        event(body="\u2603", isBase64Encoded=True),
    ],
)
def test_event_of_another_kind_is_refused_without_quoting_it(payload: bytes) -> None:
    with pytest.raises(UnsupportedEventError) as caught:
        http_scope(payload)
    assert str(caught.value) in {
        "the event is not an HTTP request in payload format 2.0",
        "the event's body is not base64",
    }


def test_context_holds_what_came() -> None:
    assert context({b"aws-request-id": b"r", b"deadline-ms": b"17", b"invoked-function-arn": b"arn:x"}) == {
        "request_id": "r",
        "deadline_ms": 17,
        "function_arn": "arn:x",
        "trace_id": "",
    }
    more = context(
        {
            b"trace-id": b"Root=1",
            b"client-context": b'{"custom": {"a": "1"}}',
            b"cognito-identity": b'{"cognitoIdentityId": "c"}',
            b"aws-tenant-id": b"t",
            b"invocation-id": b"i",
        }
    )
    assert more["trace_id"] == "Root=1"
    assert more["client_context"] == {"custom": {"a": "1"}}
    assert more["cognito_identity"] == {"cognitoIdentityId": "c"}
    assert (more["tenant_id"], more["invocation_id"]) == ("t", "i")


def test_prelude_ends_with_eight_nuls() -> None:
    headers = [(b"X-A", b"1"), (b"Set-Cookie", b"s=1"), (b"x-a", b"\xe9"), (b"Upgrade", b"h2c"), (b"set-cookie", b"")]
    assert prelude(404, headers) == (
        b'{"statusCode":404,"headers":{"x-a":"1, \\u00e9"},"cookies":["s=1",""]}\0\0\0\0\0\0\0\0'
    )
