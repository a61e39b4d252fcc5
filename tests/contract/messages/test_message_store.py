"""MessageStore: reading a chat, and all chats."""

from itertools import pairwise

import pytest

from chat.errors import InvalidRequestError
from chat.ids import new_id
from chat.messages import Message, MessageStatus, Usage
from chat.sessions import SessionState
from fakes.conversation import LEASE_SECONDS, NOW, Conversation, Stores
from fakes.texts import noise

EMOJI = "👩‍🚀🇺🇳é\u0301\U0010ffff"

TEXTS = {
    "empty": "",
    "nul": "\0a\0\0b\0",
    "emoji": EMOJI,
    "quotes and newlines": '"\\\r\n\t\u2028{}',
    "just short": "x" * 1024,
    "just long": "x" * 1025,
    "the longest prompt": (EMOJI * 32_000)[:32_000],
    "1 MB that compresses": "The quick brown fox. " * 50_000,
    "1 MB that does not": noise(270_000),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_any_text_survives_as_prompt_partial_and_answer(conversation: Conversation, text: str) -> None:
    session = conversation.start(text)
    attached = conversation.attach(session).session
    sessions = conversation.stores.sessions
    sessions.checkpoint(attached.lease, text=text, now=NOW, lease_seconds=LEASE_SECONDS)
    assert conversation.stored(session).partial == text
    assert conversation.attach(session).session.partial == text
    assert sessions.request_stop(session.session_id, user_id=conversation.user_id, now=NOW).partial == text
    sessions.finish(attached, state=SessionState.COMPLETED, answer=conversation.answer(session, text))
    for messages in (
        conversation.history(),
        conversation.stores.messages.latest(conversation.user_id, conversation.chat_id, limit=2),
    ):
        assert [message.content for message in messages] == [text, text]


def test_a_partial_text_shrinks_and_grows(conversation: Conversation) -> None:
    session = conversation.start()
    lease = conversation.attach(session).lease
    for text in (noise(200_000), "short", noise(300_000), noise(300_001), ""):
        conversation.stores.sessions.checkpoint(lease, text=text, now=NOW, lease_seconds=LEASE_SECONDS)
        assert conversation.stored(session).partial == text


def test_long_texts_of_many_messages_are_not_mixed_up(conversation: Conversation) -> None:
    turns = [conversation.turn(noise(150_000 + at), noise(250_000 + at), now=NOW + at) for at in range(3)]
    assert conversation.history() == tuple(message for turn in turns for message in turn)


def test_every_field_survives(conversation: Conversation) -> None:
    session, prompt = conversation.prepare("Hi", project_id="p", task_id="t")
    conversation.stores.sessions.start(session, prompt)
    answer = conversation.answer(
        session, "Ho", usage=Usage(0, 2**40), finish_reason="length", status=MessageStatus.INTERRUPTED
    )
    attached = conversation.attach(session).session
    conversation.stores.sessions.finish(attached, state=SessionState.FAILED, answer=answer)
    assert conversation.history() == (prompt, answer)


@pytest.mark.parametrize("saved_usd", [None, 0.0, 1.2e-07, 0.1 + 0.2, 3.75])
def test_what_the_cache_saved_survives(conversation: Conversation, saved_usd: float | None) -> None:
    session = conversation.start()
    answer = conversation.answer(session, cached=True, saved_usd=saved_usd)
    attached = conversation.attach(session).session
    conversation.stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=answer)
    assert conversation.history()[1] == answer


def test_an_unknown_chat_is_empty(conversation: Conversation) -> None:
    messages, user_id = conversation.stores.messages, conversation.user_id
    page = messages.page(user_id, "unknown", limit=10)
    assert (page.messages, page.next_position) == ((), None)
    everything = messages.page_all_chats(user_id, limit=10)
    assert (everything.messages, everything.next_position) == ((), None)
    assert messages.latest(user_id, "unknown", limit=10) == ()


def talk(conversation: Conversation, turns: int, start: float = NOW) -> list[Message]:
    return [
        message for at in range(turns) for message in conversation.turn(f"prompt {at}", f"answer {at}", now=start + at)
    ]


def test_pages_follow_each_other_and_the_last_one_says_so(conversation: Conversation) -> None:
    whole = talk(conversation, 3)
    store = conversation.stores.messages
    first = store.page(conversation.user_id, conversation.chat_id, limit=4)
    assert first.messages == tuple(whole[:4])
    assert first.next_position is not None
    second = store.page(conversation.user_id, conversation.chat_id, limit=2, position=first.next_position)
    assert second.messages == tuple(whole[4:])
    assert second.next_position is None


def test_a_page_of_exactly_all_messages_is_the_last(conversation: Conversation) -> None:
    whole = talk(conversation, 2)
    page = conversation.stores.messages.page(conversation.user_id, conversation.chat_id, limit=4)
    assert (page.messages, page.next_position) == (tuple(whole), None)


def test_latest_is_the_end_oldest_first(conversation: Conversation) -> None:
    whole = talk(conversation, 3)
    store = conversation.stores.messages
    assert store.latest(conversation.user_id, conversation.chat_id, limit=3) == tuple(whole[-3:])
    assert store.latest(conversation.user_id, conversation.chat_id, limit=100) == tuple(whole)


@pytest.mark.parametrize("last", range(6))
def test_latest_ends_with_the_message_asked_for(conversation: Conversation, last: int) -> None:
    whole = talk(conversation, 3)
    found = conversation.stores.messages.latest(
        conversation.user_id, conversation.chat_id, limit=2, up_to_message_id=whole[last].message_id
    )
    assert found == tuple(whole[max(last - 1, 0) : last + 1])


def test_latest_up_to_an_id_that_no_message_has(conversation: Conversation) -> None:
    """An answer's id is known before there is an answer."""
    whole = talk(conversation, 1)
    session = conversation.start("next", now=NOW + 10)
    found = conversation.stores.messages.latest(
        conversation.user_id, conversation.chat_id, limit=10, up_to_message_id=session.answer_message_id
    )
    assert found[:-1] == tuple(whole)
    assert found[-1].content == "next"


def test_the_chat_with_the_newest_prompt_comes_first(stores: Stores) -> None:
    user_id = f"user|{new_id()}"
    old, new = Conversation(stores, user_id), Conversation(stores, user_id)
    first = talk(old, 1)
    second = talk(new, 1, NOW + 10)
    assert stores.messages.page_all_chats(user_id, limit=9).messages == (*second, *first)
    third = talk(old, 1, NOW + 20)
    assert stores.messages.page_all_chats(user_id, limit=9).messages == (*first, *third, *second)


def test_a_prompt_that_is_stored_late_does_not_move_its_chat_back(stores: Stores) -> None:
    user_id = f"user|{new_id()}"
    busy, other = Conversation(stores, user_id), Conversation(stores, user_id)
    busy.start("newest", now=NOW + 20)
    other.start("middle", now=NOW + 10)
    busy.start("oldest, and last to arrive", now=NOW)
    contents = [message.content for message in stores.messages.page_all_chats(user_id, limit=9).messages]
    assert contents == ["oldest, and last to arrive", "newest", "middle"]


def test_a_new_prompt_between_two_pages_repeats_nothing(stores: Stores) -> None:
    user_id = f"user|{new_id()}"
    old, new = Conversation(stores, user_id), Conversation(stores, user_id)
    first = talk(old, 2)
    second = talk(new, 2, NOW + 10)
    page = stores.messages.page_all_chats(user_id, limit=3)
    assert page.messages == tuple(second[:3])
    new.start("one more", now=NOW + 20)
    rest = stores.messages.page_all_chats(user_id, limit=9, position=page.next_position)
    assert [message.content for message in rest.messages[:2]] == [second[3].content, "one more"]
    assert rest.messages[2:] == tuple(first)


USER_IDS = [
    "a", "a/b", "a%2Fb", "a/b/c", "A", "a#b", "a|b", "a ", " a", "a\0", "å", "a\u030a", "\ud800", "\udfff", "?",
    "%ED%A0%80", "🤖", "x" * 128, "🤖" * 128, "b/chat", "b/chat/parts",
]  # fmt: skip


def test_no_user_reads_anothers_messages_for_any_ids(stores: Stores) -> None:
    chat_id = new_id()
    everyone = [Conversation(stores, user_id + chat_id, chat_id) for user_id in USER_IDS]
    for each in everyone:
        each.start(repr(each.user_id))
    for each in everyone:
        assert [(m.content, m.user_id) for m in each.history()] == [(repr(each.user_id), each.user_id)]
        assert stores.messages.page_all_chats(each.user_id, limit=9).messages == each.history()


BROKEN = ["", "x", "0" * 25, "0" * 26 + " ", "9" * 26, "é" * 26, "{}", "\0", "0" * 10_000, f"{'0' * 26}.{'0' * 26}"]


@pytest.mark.parametrize("position", BROKEN)
def test_a_position_that_was_never_given_is_refused(conversation: Conversation, position: str) -> None:
    talk(conversation, 1)
    store = conversation.stores.messages
    with pytest.raises(InvalidRequestError) as caught:
        store.page(conversation.user_id, conversation.chat_id, limit=1, position=position)
    assert (caught.value.code, caught.value.http_status) == ("invalid_cursor", 400)
    with pytest.raises(InvalidRequestError) as caught:
        store.page_all_chats(conversation.user_id, limit=1, position=position)
    assert (caught.value.code, caught.value.http_status) == ("invalid_cursor", 400)


def test_positions_of_one_list_are_refused_by_the_other(conversation: Conversation) -> None:
    talk(conversation, 2)
    store = conversation.stores.messages
    in_chat = store.page(conversation.user_id, conversation.chat_id, limit=1).next_position
    over_chats = store.page_all_chats(conversation.user_id, limit=1).next_position
    with pytest.raises(InvalidRequestError):
        store.page(conversation.user_id, conversation.chat_id, limit=1, position=over_chats)
    with pytest.raises(InvalidRequestError):
        store.page_all_chats(conversation.user_id, limit=1, position=in_chat)


def test_the_order_is_that_of_the_ids(conversation: Conversation) -> None:
    whole = talk(conversation, 5)
    ids = [message.message_id for message in conversation.history()]
    assert ids == [message.message_id for message in whole]
    assert all(one < two for one, two in pairwise(ids))
