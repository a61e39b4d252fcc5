"""Keys of items, and positions of pages: for any ids, no two the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.dynamo.keys import UserIdAttribute, chat_key, chat_parts_key
from chat.dynamo.messages.positions import Place, decode_message_id, decode_place
from chat.errors import InvalidRequestError
from chat.ids import new_id
from chat.quoting import quoted

ANY_TEXT = st.text(alphabet=st.characters(codec=None), min_size=1, max_size=128)
"""Lone surrogates included: a token's JSON can hold them."""
TRICKY = st.text(alphabet="a/%2F#\ud800?", min_size=1, max_size=6)
CHAT_IDS = st.text(alphabet="ab-_", min_size=1, max_size=4)


@given(ANY_TEXT)
def test_a_users_id_comes_back(user_id: str) -> None:
    attribute = UserIdAttribute()
    assert attribute.deserialize(attribute.serialize(user_id)) == user_id
    assert quoted(user_id).isascii()


@given(st.lists(st.tuples(TRICKY, CHAT_IDS), min_size=2, max_size=2, unique=True))
def test_no_two_partitions_are_the_same(chats: list[tuple[str, str]]) -> None:
    keys = {quoted(user_id) for user_id, _ in chats}
    users = len({user_id for user_id, _ in chats})
    keys |= {key(user_id, chat_id) for user_id, chat_id in chats for key in (chat_key, chat_parts_key)}
    assert len(keys) == users + 4


@pytest.mark.parametrize("character", ["\U0010ffff", "\0", "/", "\ud800"])
def test_the_longest_ids_fit_into_a_key(character: str) -> None:
    assert len(chat_parts_key(character * 128, "x" * 64)) <= 2048


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_a_place_comes_back(chat_id: str) -> None:
    place = Place(new_id(), chat_id, new_id())
    assert decode_place(place.encode()) == place


@given(st.text())
def test_text_is_no_position(text: str) -> None:
    for decode in (decode_place, decode_message_id):
        with pytest.raises(InvalidRequestError) as caught:
            decode(text)
        assert caught.value.code == "invalid_cursor"
