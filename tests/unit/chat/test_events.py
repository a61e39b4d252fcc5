"""The bytes of events, and the arithmetic of their ids."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import events
from chat.errors import InvalidRequestError
from chat.sessions import Failure
from fakes import sse

text_without_surrogates = st.text(st.characters(exclude_categories=["Cs"]))


@given(text_without_surrogates)
def test_token_survives_the_way_through_an_event_stream(text: str) -> None:
    (event,) = sse.parse(events.token(5, text))

    assert event == sse.Event("5", {"type": "token", "content": text})


@given(text_without_surrogates, st.data())
def test_any_cut_is_resumed_exactly(text: str, data: st.DataObject) -> None:
    """Chunks of any sizes, cut after any of them: what is resumed from the stored text completes it."""
    sizes = data.draw(st.lists(st.integers(1, 10)))
    seen_text, seen_id = "", events.TYPING_ID
    for size in sizes:
        if len(seen_text) >= len(text):
            break
        seen_text = text[: len(seen_text) + size]
        seen_id = events.TYPING_ID + len(seen_text)

    rest = [event for block in events.unseen(text, seen_id) for event in sse.parse(block)]

    assert seen_text + sse.text_of(rest) == text
    assert seen_id <= events.TYPING_ID + len(text) < events.terminal_id(text, completed=True)


def test_long_texts_are_replayed_in_pieces() -> None:
    blocks = list(events.unseen("x" * 10_000, 0))

    assert [len(sse.parse(block)[0].data["content"]) for block in blocks] == [4096, 4096, 1808]


@pytest.mark.parametrize("value", ["-1", "1.5", "abc", "1e9", "٣", "9" * 16, " 1"])
def test_made_up_last_event_id_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequestError):
        events.parse_last_event_id(value)


@pytest.mark.parametrize(("value", "number"), [(None, 0), ("", 0), ("0", 0), ("17", 17)])
def test_last_event_id_is_a_number(value: str | None, number: int) -> None:
    assert events.parse_last_event_id(value) == number


def test_lines_of_an_event_are_data_retry_id() -> None:
    """Some clients take an id as soon as they read its line: what comes after it may be lost with a connection."""
    assert events.first(events.typing()) == b'data: {"type":"typing"}\nretry: 2000\nid: 1\n\n'
    assert events.token(3, "a\nid: 9\n") == b'data: {"type":"token","content":"a\\nid: 9\\n"}\nid: 3\n\n'
    assert events.first(events.token(3, "a\nid: 9")).count(b"\n") == 4
    assert events.terminal(9, {"type": "done"}) == b'data: {"type":"done"}\nid: 9\n\n'
    assert events.PING == b": ping\n"


@pytest.mark.parametrize(
    ("failure", "retry_ms"),
    [
        (Failure("too_many_streams", "No.", retryable=True, retry_after_seconds=7), 7_000),
        (Failure("storage_unavailable", "No.", retryable=True), 2_000),
        (Failure("storage_unavailable", "No.", retryable=True, retry_after_seconds=1), 2_000),
        (Failure("user_disabled", "No.", retryable=False), 86_400_000),
    ],
)
def test_refusal_says_when_to_come_back_also_to_clients_that_do_not_close(failure: Failure, retry_ms: int) -> None:
    data, retry, *end = events.refusal(failure).split(b"\n")

    assert retry == b"retry: %d" % retry_ms
    assert end == [b"", b""]
    assert json.loads(data.removeprefix(b"data: ")).get("retryAfterSeconds") == failure.retry_after_seconds


@given(st.text(max_size=20), st.integers(0, 25), st.booleans())
def test_terminal_id_says_whether_a_client_has_all_text(text: str, seen_chars: int, completed: bool) -> None:
    seen = events.TYPING_ID + min(seen_chars, len(text) + (0 if completed else 3))
    lacking = len(text) - (seen - events.TYPING_ID)

    assert events.ends(events.terminal_id(text, completed=completed), seen) == (lacking <= 0)
