"""Pages of history stay within what Lambda can answer with."""

from chat.auth import AuthSecret
from chat.auth.access import Access
from chat.messages import Message, Role
from chat.users import Tier
from chat_history.cursors import Cursors
from chat_history.history import ReadHistory
from chat_history.reading import MAX_TEXT_BYTES
from fakes.clock import FakeClock
from fakes.memory.database import MemoryDatabase
from fakes.memory.message_store import MemoryMessageStore
from fakes.memory.session_store import MemorySessionStore
from fakes.memory.user_store import MemoryUserStore


def read_all(texts: list[str], *, limit: int = 200) -> list[list[str]]:
    database = MemoryDatabase()
    for number, text in enumerate(texts):
        database.add_message(Message(f"{number:026}", "alice", "chat", "session", Role.USER, text, "model", 0.0))
    access = Access(MemoryUserStore(database), FakeClock(), default_tier=Tier.BASIC)
    cursors = Cursors(lambda: AuthSecret(b"s" * 32))
    read = ReadHistory(
        access=access,
        messages=MemoryMessageStore(database),
        sessions=MemorySessionStore(database),
        clock=FakeClock(),
        cursors=cursors,
    )
    pages, cursor = [], None
    while True:
        page = read("alice", "chat", limit=limit, cursor=cursor)
        pages.append([message.content for message in page.messages])
        cursor = page.next_cursor
        if cursor is None:
            return pages


def test_long_texts_make_more_pages_and_lose_nothing() -> None:
    texts = [f"{number}" + "€" * 32_000 for number in range(60)]

    pages = read_all(texts)

    assert [text for page in pages for text in page] == texts
    assert len(pages) == 3
    assert all(sum(len(text.encode()) for text in page) <= MAX_TEXT_BYTES for page in pages)


def test_text_that_is_too_long_for_any_page_has_one_of_its_own() -> None:
    texts = ["first", "x" * (MAX_TEXT_BYTES + 1), "last"]

    assert read_all(texts) == [["first"], [texts[1]], ["last"]]


def test_short_texts_are_counted_by_the_limit_alone() -> None:
    assert [len(page) for page in read_all(["x"] * 7, limit=3)] == [3, 3, 1]
