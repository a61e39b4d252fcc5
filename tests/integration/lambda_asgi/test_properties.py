"""Any request and any answer pass unchanged, framed as they should be."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from integration.lambda_asgi.runtime.events import http_event, steps, text
from integration.lambda_asgi.runtime.runtime_api import RuntimeApi
from integration.lambda_asgi.runtime.strict_reading import NULS

MEGABYTE = b"\0\r\n0\r\n\r\n\xff" * (1 << 17)
HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "upgrade", "content-length", "transfer-encoding"}

thorough = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9-]{0,20}", fullmatch=True).filter(
    lambda name: (
        name.lower() not in HOP_BY_HOP | {"host", "cookie", "set-cookie"} and not name.startswith("x-forwarded")
    )
)
latin = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40)
unicode_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40)
bodies = st.binary(max_size=300) | st.sampled_from([b"", b"\r\n", b"0\r\n\r\n", NULS, b"{}" + NULS])


@thorough
@given(
    status=st.integers(200, 599),
    headers=st.lists(st.tuples(names, latin), max_size=6),
    cookies=st.lists(latin, max_size=4),
    chunks=st.lists(st.tuples(bodies, st.booleans()), max_size=12),
)
@example(200, [], [], [])
@example(200, [], [], [(MEGABYTE, False)])
@example(200, [("x", "")], [""], [(b"a", True), (MEGABYTE, False), (b"", False), (MEGABYTE, True), (b"z", False)])
def test_any_answer_arrives_unchanged(
    served: RuntimeApi,
    status: int,
    headers: list[tuple[str, str]],
    cookies: list[str],
    chunks: list[tuple[bytes, bool]],
) -> None:
    fields = [*headers, *(("set-cookie", cookie) for cookie in cookies)]
    script: list[list[Any]] = [["start", status, fields]]
    for data, turn in chunks:
        script += [["send_body", text(data), True], ["turn"]] if turn else [["send_body", text(data), True]]
    answer = served.invoke(steps(*script, ["end"])).result()
    joined: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        joined[lower] = f"{joined[lower]}, {value}" if lower in joined else value
    assert answer.prelude == {"statusCode": status, "headers": joined, "cookies": cookies}
    assert answer.stream == b"".join(data for data, _ in chunks)
    assert answer.trailers == {}
    assert all(chunk.data for chunk in answer.chunks)


@thorough
@given(
    path=st.text(st.characters(codec="utf-8", exclude_characters="%"), max_size=20).map("/p/".__add__),
    query=st.text(st.sampled_from("abc=&%20+\u00e9"), max_size=30),
    headers=st.dictionaries(names.map(str.lower), unicode_text, max_size=6),
    cookies=st.none() | st.lists(unicode_text.filter(bool), max_size=4),
    body=st.none() | bodies,
)
@example(path="/p/", query="", headers={}, cookies=[], body=MEGABYTE)
@example(
    path="/p/",
    query="a=1&a=2&b=%20",
    headers={"x-unicode": "\u2603", "x-empty": ""},
    cookies=["a=1", "b=\u2603"],
    body=b"",
)
def test_any_request_arrives_unchanged(
    served: RuntimeApi,
    *,
    path: str,
    query: str,
    headers: dict[str, str],
    cookies: list[str] | None,
    body: bytes | None,
) -> None:
    payload = http_event(path=path, query=query, headers=headers, cookies=cookies, body=body)
    document = json.loads(served.invoke(payload).result().stream)
    scope = document["scope"]
    assert base64.b64decode(document["body"]) == (body or b"")
    assert scope["path"] == path
    assert scope["raw_path"].encode("latin-1").decode() == path
    assert scope["query_string"].encode("latin-1").decode() == query
    received = dict(scope["headers"])
    assert len(received) == len(scope["headers"])
    assert received.pop("cookie", None) == (_on_the_wire("; ".join(cookies)) if cookies else None)
    assert received.items() >= {name: _on_the_wire(value) for name, value in headers.items()}.items()


@thorough
@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_text_bodies_are_utf_8(served: RuntimeApi, body: str) -> None:
    payload = http_event(body=body.encode(), base64_encoded=False)
    document = json.loads(served.invoke(payload).result().stream)
    assert base64.b64decode(document["body"]).decode() == body


@thorough
@given(message=st.text(max_size=200), started=st.booleans())
def test_any_error_message_arrives_unchanged(served: RuntimeApi, message: str, started: bool) -> None:
    script = [["start", 200, []]] if started else []
    answer = served.invoke(steps(*script, ["fail", message])).result()
    assert answer.error["errorMessage"] == message
    assert answer.path.endswith("/response" if started else "/error")


def _on_the_wire(value: str) -> str:
    """A field value as the scope has it, in latin-1: UTF-8 where latin-1 cannot say it."""
    return value if all(ord(char) < 256 for char in value) else value.encode().decode("latin-1")


@pytest.mark.parametrize("size", [1, 9, 10, 15, 16, 17, 255, 256, 4095, 4096, 65535, 65536, 65537, 1 << 20])
def test_chunk_sizes_are_hexadecimal(served: RuntimeApi, size: int) -> None:
    answer = served.invoke(steps(["start", 200, []], ["repeat", size, 1], ["end"])).result()
    assert [len(chunk.data) for chunk in answer.chunks[1:]] == [size]
