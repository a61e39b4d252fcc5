"""What the history says of a prompt: whether it is answered, and if not, why."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chat.messages import MessageKind, MessagePage, MessageStatus
from chat.sessions import Failure, Session, SessionState
from fakes.conversation import LEASE_SECONDS, NOW, SESSION_SECONDS
from fakes.functions.history_reader import Reader, Told, told
from fakes.memory.database import MemoryDatabase
from fakes.memory.message_store import MemoryMessageStore

FAILURE = Failure("provider_rejected", "The provider refused.", retryable=False)
EXPIRED: Told = ("Hello?", "failed", "session_expired", True)


def end(reader: Reader, state: SessionState, text: str | None = None, **changes: Any) -> Session:
    """A prompt of an ended session."""
    chat = reader.chat()
    session = chat.attach(chat.start()).session
    answer = None if text is None else chat.answer(session, text, **changes)
    failure = FAILURE if state is SessionState.FAILED else None
    reader.sessions.finish(session, state=state, answer=answer, failure=failure)
    return session


def test_prompt_whose_session_waits_is_pending(reader: Reader) -> None:
    reader.chat().start()
    assert reader.told() == [("Hello?", "pending", None, None)]


def test_prompt_whose_answer_is_being_written_is_streaming(reader: Reader) -> None:
    chat = reader.chat()
    chat.attach(chat.start())
    assert reader.told() == [("Hello?", "streaming", None, None)]


def test_prompt_whose_producer_died_is_streaming_as_long_as_a_client_can_come_back(reader: Reader) -> None:
    chat = reader.chat()
    chat.attach(chat.start())
    reader.clock.advance(LEASE_SECONDS + 1)
    assert reader.told() == [("Hello?", "streaming", None, None)]


def test_answered_prompt_is_complete(reader: Reader) -> None:
    end(reader, SessionState.COMPLETED, "Hello!")
    assert reader.told() == [("Hello?", "complete", None, None), ("Hello!", "complete", None, None)]


def test_interrupted_answer_has_the_code_of_its_failure(reader: Reader) -> None:
    session = end(reader, SessionState.FAILED, "Hel", status=MessageStatus.INTERRUPTED)
    expected: list[Told] = [
        ("Hello?", "complete", None, None),
        ("Hel", "interrupted", "provider_rejected", False),
    ]
    assert reader.told() == expected
    reader.forget(session)
    assert reader.told() == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (SessionState.FAILED, ("Hello?", "failed", "provider_rejected", False)),
        (SessionState.STOPPED, ("Hello?", "stopped", None, None)),
        (SessionState.COMPLETED, ("Hello?", "complete", None, None)),
    ],
)
def test_prompt_keeps_the_status_of_a_session_without_text(reader: Reader, state: SessionState, expected: Told) -> None:
    session = end(reader, state)
    assert reader.told() == [expected]
    reader.forget(session)
    assert reader.told() == [expected]
    assert reader.sessions.asked == []


def test_prompt_stopped_before_its_stream_stays_stopped(reader: Reader) -> None:
    session = reader.chat().start()
    reader.sessions.request_stop(session.session_id, user_id="alice", now=NOW)
    assert reader.told() == [("Hello?", "stopped", None, None)]
    reader.forget(session)
    assert reader.told() == [("Hello?", "stopped", None, None)]


def test_prompt_whose_session_ran_out_unused_has_expired(reader: Reader) -> None:
    session = reader.chat().start()
    reader.clock.advance(SESSION_SECONDS)
    assert reader.told() == [EXPIRED]
    assert reader.stores.index.remove_expired(session.session_id, now=reader.clock.now())
    assert reader.told() == [EXPIRED]


def test_prompt_whose_dead_session_showed_nothing_has_expired(reader: Reader) -> None:
    chat = reader.chat()
    session = chat.attach(chat.start()).session
    reader.clock.set(session.expires_at)
    assert reader.told() == [EXPIRED]


def test_prompt_whose_dead_session_showed_text_is_interrupted_until_that_is_stored(reader: Reader) -> None:
    chat = reader.chat()
    session = chat.attach(chat.start()).session
    reader.sessions.checkpoint(session.lease, text="Hel", now=NOW, lease_seconds=LEASE_SECONDS)
    reader.clock.set(session.expires_at)
    assert reader.told() == [("Hello?", "failed", "interrupted", True)]


def of_version_0_1_0(reader: Reader, kind: MessageKind = MessageKind.CHAT) -> Session:
    """A prompt as that version stored it."""
    session, prompt = reader.chat().prepare(kind=kind)
    reader.sessions.start(session, replace(prompt, prompt_status=None))
    return session


def test_old_prompt_that_is_answered_is_complete(reader: Reader) -> None:
    session = of_version_0_1_0(reader)
    chat = reader.chat()
    reader.sessions.finish(chat.attach(session).session, state=SessionState.COMPLETED, answer=chat.answer(session))
    reader.forget(session)
    assert [status for _, status, _, _ in reader.told()] == ["complete", "complete"]


def test_old_prompt_whose_session_is_known_says_what_that_knows(reader: Reader) -> None:
    session = of_version_0_1_0(reader)
    assert reader.told() == [("Hello?", "pending", None, None)]
    # That version's functions leave no mark, and some may still run.
    reader.database.sessions[session.session_id] = replace(session, state=SessionState.FAILED, failure=FAILURE)
    assert reader.told() == [("Hello?", "failed", "provider_rejected", False)]
    reader.database.sessions[session.session_id] = replace(session, state=SessionState.STOPPED)
    assert reader.told() == [("Hello?", "stopped", None, None)]


def test_old_prompt_without_answer_and_session_has_failed_nobody_knows_why(reader: Reader) -> None:
    reader.forget(of_version_0_1_0(reader))
    assert reader.told() == [("Hello?", "failed", None, None)]


def test_old_command_without_answer_and_session_stays_as_it_was(reader: Reader) -> None:
    reader.forget(of_version_0_1_0(reader, MessageKind.COMMAND))
    assert reader.told() == [("Hello?", "complete", None, None)]


def test_regenerated_prompt_says_how_its_newest_session_is(reader: Reader) -> None:
    chat = reader.chat()
    first = end(reader, SessionState.COMPLETED, "first")
    second = chat.restart(first, now=NOW + 1)
    assert [status for _, status, _, _ in reader.told()] == ["pending", "complete"]
    read = chat.attach(second, now=NOW + 1).session
    assert [status for _, status, _, _ in reader.told()] == ["streaming", "complete"]
    reader.sessions.finish(read, state=SessionState.FAILED, answer=None, failure=FAILURE)
    assert reader.told()[0] == ("Hello?", "failed", "provider_rejected", False)
    third = chat.restart(second, now=NOW + 2)
    read = chat.attach(third, now=NOW + 2).session
    reader.sessions.finish(read, state=SessionState.COMPLETED, answer=chat.answer(third, "third"))
    assert [(text, status) for text, status, _, _ in reader.told()] == [
        ("Hello?", "complete"),
        ("first", "complete"),
        ("third", "complete"),
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("over_all_chats", [False, True])
def test_prompts_are_the_same_at_every_page_border(reader: Reader, limit: int, *, over_all_chats: bool) -> None:
    chat = reader.chat()
    asked, _ = chat.turn("first?", "first!")
    session = reader.sessions.get(asked.session_id)
    assert session is not None
    for at in range(1, 6):  # more answers than are read ahead at once
        session = chat.restart(session, now=NOW + at / 10)
        read = chat.attach(session, now=NOW + at / 10).session
        reader.sessions.finish(read, state=SessionState.COMPLETED, answer=chat.answer(session, f"attempt {at}"))
    chat.turn("second?", "second!", now=NOW + 1)
    failing = chat.attach(chat.start("third?", now=NOW + 2)).session
    reader.sessions.finish(failing, state=SessionState.FAILED, answer=None, failure=FAILURE)
    chat.start("fourth?", now=NOW + 3)
    reader.chat("other").turn("elsewhere?", "elsewhere!", now=NOW - 10)
    for known in list(reader.database.sessions.values()):
        if known.state.finished:
            reader.forget(known)
    chat_id = None if over_all_chats else "chat"
    whole, cursor, found = reader.told(chat_id), None, list[Told]()
    while True:
        page = reader.page(chat_id, limit=limit, cursor=cursor)
        found += [told(message) for message in page.messages]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == whole
    statuses = {text: (status, code) for text, status, code, _ in whole if text.endswith("?")}
    assert statuses.pop("elsewhere?", ("complete", None)) == ("complete", None)
    assert statuses == {
        "first?": ("complete", None),
        "second?": ("complete", None),
        "third?": ("failed", "provider_rejected"),
        "fourth?": ("pending", None),
    }


def test_sessions_of_answered_prompts_are_not_asked_for(reader: Reader) -> None:
    chat = reader.chat()
    for at in range(3):
        chat.turn("asked", "answered", now=NOW + at)
    reader.told()
    assert reader.sessions.asked == []
    waiting = chat.start(now=NOW + 5)
    reader.told()
    assert reader.sessions.asked == [[waiting.session_id]]


class MeanwhileMessageStore(MemoryMessageStore):
    """Something happens directly after the first page was read."""

    def __init__(self, database: MemoryDatabase, meanwhile: Callable[[], None]) -> None:
        super().__init__(database)
        self._meanwhile = [meanwhile]

    def page(self, user_id: str, chat_id: str, *, limit: int, position: str | None = None) -> MessagePage:
        page = super().page(user_id, chat_id, limit=limit, position=position)
        if self._meanwhile:
            self._meanwhile.pop()()
        return page


@pytest.mark.parametrize("text", ["Hel", None])
def test_session_that_ends_during_the_read_has_its_final_status(reader: Reader, text: str | None) -> None:
    chat = reader.chat()
    session = chat.attach(chat.start()).session
    answer = None if text is None else chat.answer(session, text, status=MessageStatus.STOPPED)

    def stop() -> None:
        reader.sessions.finish(session, state=SessionState.STOPPED, answer=answer)

    reader.stores = replace(reader.stores, messages=MeanwhileMessageStore(reader.database, stop))
    expected = [("Hello?", "stopped")] if text is None else [("Hello?", "complete"), ("Hel", "stopped")]
    assert [(content, status) for content, status, _, _ in reader.told()] == expected
