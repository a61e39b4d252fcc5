"""Functions' answers as HTTP responses."""

import time

import httpx

from fakes.stack.process import RunningStack


def test_cookies_become_headers(http: httpx.Client) -> None:
    response = http.get("/buffered/cookies")

    assert response.status_code == 201
    assert response.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]


def test_base64_becomes_bytes(http: httpx.Client) -> None:
    response = http.get("/buffered/binary")

    assert response.content == bytes(range(256))
    assert response.headers["content-type"] == "image/png"
    assert response.headers["x-count"] == "3"
    assert response.headers["content-length"] == "256"


def test_value_without_status_is_the_body(http: httpx.Client) -> None:
    response = http.get("/buffered/value")

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"no": "status"}


def test_no_content_has_neither_body_nor_length(http: httpx.Client) -> None:
    for path in ("/buffered/empty", "/streaming/empty"):
        response = http.get(path)
        assert (response.status_code, response.content) == (204, b"")
        assert "content-length" not in response.headers


def test_head_has_headers_alone(http: httpx.Client) -> None:
    assert http.head("/buffered/binary").headers["content-type"] == "image/png"
    response = http.head("/streaming/stamps?count=1&gap=0")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "text/event-stream"
    assert http.get("/buffered/version").status_code == 200


def test_malformed_answer_is_a_bad_gateway(http: httpx.Client) -> None:
    for path in ("/buffered/malformed", "/buffered/split"):
        response = http.get(path)
        assert response.status_code == 502
        assert "set-cookie" not in response.headers


def test_error_of_a_function_is_a_bad_gateway(http: httpx.Client, stack: RunningStack) -> None:
    for path in ("/buffered/raised", "/streaming/raised"):
        response = http.get(path)
        assert response.status_code == 502
        assert response.text == "Internal Server Error"
    stack.wait_for_log(r"buffered \| .*the probe's own error")


def test_function_that_cannot_start_is_a_bad_gateway(http: httpx.Client, stack: RunningStack) -> None:
    assert http.get("/broken").status_code == 502
    stack.wait_for_log(r"broken \| .*nothing works here")
    stack.wait_for_log(r"broken \| INIT_REPORT .*Status: error")


def test_answer_over_6_mb_is_a_bad_gateway(http: httpx.Client) -> None:
    assert http.get("/buffered/large").status_code == 502
    assert http.get("/buffered/version").status_code == 200


def test_small_answers_are_not_held_back(http: httpx.Client) -> None:
    """Two small writes on a connection with Nagle's algorithm would wait 40 ms for each other."""
    seconds = []
    for _ in range(21):
        began = time.perf_counter()
        http.get("/buffered/version")
        seconds.append(time.perf_counter() - began)

    assert sorted(seconds)[10] < 0.035
