"""Cursors of the history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.auth import AuthSecret
from chat.errors import InvalidRequestError
from chat_history.cursors import Cursors

CURSORS = Cursors(lambda: AuthSecret(b"the-secret-of-these-tests-and-no-other"))
NAMES = st.text(st.characters(exclude_categories=["Cs"]))


def refusal(cursor: str, user_id: str, chat_id: str | None) -> tuple[int, str]:
    with pytest.raises(InvalidRequestError) as caught:
        CURSORS.decode(cursor, user_id=user_id, chat_id=chat_id)
    return caught.value.http_status, caught.value.code


def encode(position: str, user_id: str, chat_id: str | None) -> str:
    cursor = CURSORS.encode(position, user_id=user_id, chat_id=chat_id)
    assert cursor is not None
    return cursor


def test_no_position_is_no_cursor() -> None:
    assert CURSORS.encode(None, user_id="alice", chat_id="chat") is None
    assert CURSORS.decode(None, user_id="alice", chat_id="chat") is None


@given(NAMES, NAMES, st.none() | NAMES)
def test_cursor_round_trip(position: str, user_id: str, chat_id: str | None) -> None:
    assert CURSORS.decode(encode(position, user_id, chat_id), user_id=user_id, chat_id=chat_id) == position


@given(st.tuples(NAMES, st.none() | NAMES), st.tuples(NAMES, st.none() | NAMES))
def test_a_cursor_of_one_list_is_none_of_another(one: tuple[str, str | None], other: tuple[str, str | None]) -> None:
    if one != other:
        assert refusal(encode("position", *one), *other) == (400, "invalid_cursor")


def test_neighbouring_names_are_not_confused() -> None:
    assert refusal(encode("p", "a", "bc"), "ab", "c") == (400, "invalid_cursor")
    assert refusal(encode("p", "a", "null"), "a", None) == (400, "invalid_cursor")


@given(st.text())
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    assert refusal(cursor, "alice", "chat") == (400, "invalid_cursor")


def test_a_cursor_that_was_cut_off_is_refused() -> None:
    cursor = encode("01K00000000000000000000000", "alice", "chat")
    assert {refusal(cursor[:length], "alice", "chat") for length in range(len(cursor))} == {(400, "invalid_cursor")}
