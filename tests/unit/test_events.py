"""The bytes of events, and the arithmetic of their ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import events
from chat.errors import InvalidRequestError
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
