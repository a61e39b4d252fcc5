"""Paging, for any number of chats and messages and any page sizes: the pages joined are the whole."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.ids import new_id
from chat.messages import Message, MessagePage
from fakes.conversation import NOW, Conversation, Stores

PAGES = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CHATS = 4
PROMPTS = st.lists(st.integers(0, CHATS - 1), max_size=14)
"""To which chat each prompt goes, in the order of time."""
LIMITS = st.lists(st.integers(1, 6), min_size=1, max_size=4)
"""The sizes of the pages, over and over."""


def walk(read: Callable[[int, str | None], MessagePage], limits: list[int]) -> list[Message]:
    """All pages, joined; each as long as asked for but the last, which is not empty, unless everything is."""
    found: list[Message] = []
    position: str | None = None
    for at in range(100):
        limit = limits[at % len(limits)]
        page = read(limit, position)
        found += page.messages
        if page.next_position is None:
            assert 0 < len(page.messages) <= limit or not found
            return found
        assert len(page.messages) == limit
        position = page.next_position
    pytest.fail("the pages never end")


def write(stores: Stores, user_id: str, prompts: list[int]) -> dict[int, list[Message]]:
    """The messages of each chat, the chats in the order of their newest prompts."""
    chats = [Conversation(stores, user_id) for _ in range(CHATS)]
    written: dict[int, list[Message]] = {}
    for at, chat in enumerate(prompts):
        session, prompt = chats[chat].prepare(f"prompt {at}", now=NOW + at)
        stores.sessions.start(session, prompt)
        written[chat] = [*written.pop(chat, []), prompt]
    return written


@PAGES
@given(prompts=PROMPTS, limits=LIMITS)
def test_the_pages_over_all_chats_are_the_whole(stores: Stores, prompts: list[int], limits: list[int]) -> None:
    user_id = f"user|{new_id()}"
    written = write(stores, user_id, prompts)
    expected = [message for chat in reversed(written.values()) for message in chat]
    read = stores.messages.page_all_chats
    assert walk(lambda limit, position: read(user_id, limit=limit, position=position), limits) == expected


@PAGES
@given(prompts=PROMPTS, limits=LIMITS)
def test_the_pages_of_a_chat_are_the_whole(stores: Stores, prompts: list[int], limits: list[int]) -> None:
    user_id = f"user|{new_id()}"
    read = stores.messages.page
    for messages in write(stores, user_id, prompts).values():
        chat_id = messages[0].chat_id
        found = walk(lambda limit, at, chat=chat_id: read(user_id, chat, limit=limit, position=at), limits)  # type: ignore[misc]
        assert found == messages
