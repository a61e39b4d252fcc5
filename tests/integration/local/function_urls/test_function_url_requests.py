"""Requests as the events that functions get."""

import base64
import socket
import time
from typing import Any

import httpx

from fakes.stack.process import RunningStack


def echo(client: httpx.Client, method: str = "GET", query: str = "", **options: Any) -> dict[str, Any]:
    response = client.request(method, f"/buffered/echo{query}", **options)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_event_has_the_form_of_payload_2(http: httpx.Client) -> None:
    event = echo(http, query="/echo?a=1&b=x%20y&a=2&empty=")["event"]

    assert event["version"] == "2.0"
    assert event["routeKey"] == "$default"
    assert event["rawPath"] == "/buffered/echo/echo"
    assert event["rawQueryString"] == "a=1&b=x%20y&a=2&empty="
    assert event["queryStringParameters"] == {"a": "1,2", "b": "x y", "empty": ""}
    assert event["isBase64Encoded"] is False
    assert "body" not in event
    assert "cookies" not in event
    context = event["requestContext"]
    assert context["http"]["method"] == "GET"
    assert context["http"]["path"] == "/buffered/echo/echo"
    assert context["http"]["protocol"] == "HTTP/1.1"
    assert context["http"]["sourceIp"] == "127.0.0.1"
    assert context["http"]["userAgent"].startswith("python-httpx")
    assert abs(context["timeEpoch"] / 1000 - time.time()) < 30


def test_path_is_passed_on_as_it_came(http: httpx.Client) -> None:
    event = echo(http, query="/%C3%A4%2Fb/echo")["event"]

    assert event["rawPath"] == "/buffered/echo/%C3%A4%2Fb/echo"
    assert event["requestContext"]["http"]["path"] == "/buffered/echo/ä/b/echo"


def test_headers_are_lower_case_and_joined(http: httpx.Client) -> None:
    event = echo(http, headers=[("X-One", "1"), ("x-one", "2"), ("Accept", "text/html")])["event"]

    assert event["headers"]["x-one"] == "1,2"
    assert event["headers"]["accept"] == "text/html"
    assert "connection" not in event["headers"]


def test_cookies_are_listed(http: httpx.Client) -> None:
    event = echo(http, headers={"cookie": "a=1; b=2"})["event"]

    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["cookie"] == "a=1; b=2"


def test_forwarding_headers_cannot_be_made_up(http: httpx.Client) -> None:
    event = echo(http, headers={"x-forwarded-for": "8.8.8.8", "x-forwarded-proto": "gopher"})["event"]

    assert event["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert event["headers"]["x-forwarded-proto"] == "http"


def test_text_body_is_text(http: httpx.Client) -> None:
    event = echo(http, "POST", json={"ä": "☃"})["event"]

    assert event["isBase64Encoded"] is False
    assert event["body"] == '{"ä":"☃"}'


def test_binary_body_is_base64(http: httpx.Client) -> None:
    data = bytes(range(256))
    event = echo(http, "POST", content=data, headers={"content-type": "application/octet-stream"})["event"]

    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == data


def test_text_that_is_not_utf8_is_base64(http: httpx.Client) -> None:
    event = echo(http, "POST", content=b"\xff{", headers={"content-type": "application/json"})["event"]

    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\xff{"


def test_chunked_request_body_arrives_whole(http: httpx.Client) -> None:
    pieces = [b"one,", b"two,", b"three"]
    event = echo(http, "POST", content=iter(pieces), headers={"content-type": "text/plain"})["event"]

    assert event["body"] == "one,two,three"
    assert "transfer-encoding" not in event["headers"]


def test_context_has_deadline_and_function(http: httpx.Client) -> None:
    answer = echo(http)

    assert 1000 < answer["remainingMs"] <= 2000
    assert answer["arn"].endswith(":function:BufferedFunction")


def test_more_than_6_mb_is_refused_before_the_function(http: httpx.Client, stack: RunningStack) -> None:
    headers = {"content-type": "text/plain", "x-probe": "too-large"}
    for size in (6_291_000, 7_000_000):
        response = http.post("/buffered/echo", content=b"x" * size, headers=headers)
        assert response.status_code == 413
    largest = b"x" * 6_280_000
    assert len(echo(http, "POST", content=largest[:3_000_000], headers=headers)["event"]["body"]) == 3_000_000
    # One connection served all of them: the refusals were read to their end.
    assert http.get("/buffered/version").status_code == 200


def test_unknown_path_is_a_problem_document(http: httpx.Client) -> None:
    response = http.get("/chat/nowhere")

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"


def test_bytes_that_are_not_http_are_refused(stack: RunningStack) -> None:
    host, port = stack.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")
