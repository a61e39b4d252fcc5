"""Followers of an event log: each character once and in order, whenever they come and however often they come back."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.events import TYPING_ID
from chat.ids import new_id
from chat.sharing.event_log import EventLog, LogEntry, LogUnavailableError, TerminalEntry
from fakes.redis.logs import entries_of, read_to_end, read_what_is_there, text_of
from fakes.redis.ports import BLOCK_SECONDS, RedisPorts

CHUNKS = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), min_size=1, max_size=12)
GENERATED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def test_follower_is_given_what_comes_after_it_came(ports: RedisPorts, session_id: str) -> None:
    entries = entries_of(["one ", "two ", "three"])
    async with asyncio.timeout(20), ports.log.follow(session_id, seen=0) as followed:
        for entry in entries:
            await ports.log.append(session_id, epoch=1, entries=[entry])
            assert await anext(followed) == entry


async def test_follow_yields_none_after_each_block_without_entries(ports: RedisPorts, session_id: str) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(20), ports.log.follow(session_id, seen=0) as followed:
        began = loop.time()
        assert await anext(followed) is None
        assert 0.8 * BLOCK_SECONDS < loop.time() - began < 3


async def test_long_log_is_read_in_large_entries(ports: RedisPorts, session_id: str) -> None:
    entries = entries_of(["token "] * 3000)
    await ports.log.append(session_id, epoch=1, entries=entries)
    read = await read_to_end(ports.log, session_id, seen=7)
    assert text_of(read) == "token " * 2999
    assert read[-1] == entries[-1]


async def test_follower_that_has_seen_everything_gets_no_entries(ports: RedisPorts, session_id: str) -> None:
    entries = entries_of(["all of it"])
    await ports.log.append(session_id, epoch=1, entries=entries)
    assert await read_what_is_there(ports.log, session_id, seen=entries[-1].event_id) == []


async def test_new_epoch_ends_followers_of_the_old_one(ports: RedisPorts, session_id: str) -> None:
    """The end of one answer must never follow the beginning of another."""
    ports.may_fail.add("log_follow")
    await ports.log.append(session_id, epoch=1, entries=entries_of(["old"], done=False))
    async with asyncio.timeout(20), ports.log.follow(session_id, seen=0) as followed:
        assert text_of([_given(await anext(followed))]) == "old"
        await ports.log.append(session_id, epoch=2, entries=entries_of(["another text"]))
        with pytest.raises(LogUnavailableError):
            await anext(followed)


@GENERATED
@given(chunks=CHUNKS, data=st.data())
async def test_follow_resumes_from_any_position(ports: RedisPorts, chunks: list[str], data: st.DataObject) -> None:
    session_id, text = new_id(), "".join(chunks)
    seen_chars = data.draw(st.integers(0, len(text)))
    await ports.log.append(session_id, epoch=1, entries=entries_of(chunks))
    read = await read_to_end(ports.log, session_id, seen=TYPING_ID + seen_chars)
    assert text_of(read) == text[seen_chars:]


@GENERATED
@given(chunks=CHUNKS, data=st.data())
async def test_any_cuts_while_it_is_written_give_the_text(
    ports: RedisPorts, chunks: list[str], data: st.DataObject
) -> None:
    """A producer that appends in any batches, some of them twice, and a follower that comes back after any entry."""
    session_id, entries = new_id(), entries_of(chunks)
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=len(entries), max_size=len(entries)))
    repeats = data.draw(st.lists(st.booleans(), min_size=len(entries), max_size=len(entries)))
    stays = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(_write(ports.log, session_id, entries, sizes, repeats))
        reading = tasks.create_task(_read_with_cuts(ports.log, session_id, stays))
    assert text_of(reading.result()) == "".join(chunks)
    assert reading.result()[-1] == entries[-1]


async def _write(
    log: EventLog, session_id: str, entries: Sequence[LogEntry], sizes: Sequence[int], repeats: Sequence[bool]
) -> None:
    at = 0
    for size, repeat in zip(sizes, repeats, strict=True):
        batch = entries[at : at + size]
        for _ in range(1 + repeat):
            await log.append(session_id, epoch=1, entries=batch)
        at += size


async def _read_with_cuts(log: EventLog, session_id: str, stays: Sequence[int]) -> list[LogEntry]:
    """Leaves after so many entries, and comes back with what it has."""
    read: list[LogEntry] = []
    for round_number in range(1000):
        async with log.follow(session_id, seen=read[-1].event_id if read else 0) as followed:
            for _ in range(stays[round_number % len(stays)]):
                entry = await anext(followed)
                if entry is not None:
                    read.append(entry)
                if isinstance(entry, TerminalEntry):
                    return read
    raise AssertionError("the log has no end")


def _given(entry: LogEntry | None) -> LogEntry:
    assert entry is not None
    return entry
