"""The event log: what is appended, by whom, and what an append answers. `ports` is every implementation."""

import asyncio

import pytest

from chat.sharing.event_log import AppendResult, LogUnavailableError, TerminalEntry, TextEntry
from fakes.redis.logs import entries_of, read_to_end, read_what_is_there, text_of
from fakes.redis.ports import RedisPorts

CONTINUE, STOP, LOST, GAP = AppendResult.CONTINUE, AppendResult.STOP, AppendResult.LOST, AppendResult.GAP


async def test_appended_entries_are_read_in_order(ports: RedisPorts, session_id: str) -> None:
    entries = entries_of(["Grüße ", "an 🦉\r\n", "alle\x00"])
    assert await ports.log.append(session_id, epoch=1, entries=entries[:2]) is CONTINUE
    assert await ports.log.append(session_id, epoch=1, entries=entries[2:]) is CONTINUE
    read = await read_to_end(ports.log, session_id)
    assert text_of(read) == "Grüße an 🦉\r\nalle\x00"
    assert read[-1] == entries[-1]


async def test_terminal_entry_keeps_its_data(ports: RedisPorts, session_id: str) -> None:
    data = {"type": "done", "messageId": "m", "usage": {"inputTokens": 3}, "saved": 0.0012, "note": "ü\n"}
    await ports.log.append(session_id, epoch=1, entries=[TerminalEntry(2, data)])
    assert await read_to_end(ports.log, session_id) == [TerminalEntry(2, data)]


async def test_repeated_append_appends_once(ports: RedisPorts, session_id: str) -> None:
    entries = entries_of(["a", "bc", "d"])
    for batch in (entries[:2], entries[:2], entries[1:], entries):
        assert await ports.log.append(session_id, epoch=1, entries=batch) is CONTINUE
    assert text_of(await read_to_end(ports.log, session_id)) == "abcd"


async def test_repetition_in_other_pieces_is_read_once(ports: RedisPorts, session_id: str) -> None:
    await ports.log.append(session_id, epoch=1, entries=[TextEntry(4, "abc")])
    await ports.log.append(session_id, epoch=1, entries=[TextEntry(7, "bcdef"), TerminalEntry(8, {})])
    assert text_of(await read_to_end(ports.log, session_id)) == "abcdef"


async def test_text_after_a_gap_is_not_read(ports: RedisPorts, session_id: str) -> None:
    """A log that lost its beginning must not pass for an answer."""
    await ports.log.append(session_id, epoch=1, entries=[TextEntry(9, "world"), TerminalEntry(10, {})])
    ports.may_fail.update({"log_follow", "log_text"})
    with pytest.raises(LogUnavailableError):
        await read_to_end(ports.log, session_id)
    assert await asyncio.to_thread(lambda: ports.control.text(session_id, epoch=1)) is None


async def test_end_after_a_gap_is_not_read(ports: RedisPorts, session_id: str) -> None:
    await ports.log.append(session_id, epoch=1, entries=[TextEntry(3, "ab"), TerminalEntry(10, {})])
    ports.may_fail.add("log_follow")
    with pytest.raises(LogUnavailableError):
        await read_to_end(ports.log, session_id)


async def test_new_epoch_empties_the_log(ports: RedisPorts, session_id: str) -> None:
    await ports.log.append(session_id, epoch=1, entries=entries_of(["old text"], done=False))
    assert await ports.log.append(session_id, epoch=2, entries=[]) is CONTINUE
    assert await read_what_is_there(ports.log, session_id) == []
    await ports.log.append(session_id, epoch=2, entries=entries_of(["new"]))
    assert text_of(await read_to_end(ports.log, session_id)) == "new"


async def test_earlier_epoch_appends_nothing(ports: RedisPorts, session_id: str) -> None:
    await ports.log.append(session_id, epoch=3, entries=entries_of(["mine"], done=False))
    assert await ports.log.append(session_id, epoch=2, entries=entries_of(["late text"])) is LOST
    assert await ports.log.append(session_id, epoch=2, entries=[]) is LOST
    assert text_of(await read_what_is_there(ports.log, session_id)) == "mine"
    assert await ports.log.append(session_id, epoch=3, entries=[]) is CONTINUE


async def test_stop_is_heard_at_the_next_append(ports: RedisPorts, session_id: str) -> None:
    assert await ports.log.append(session_id, epoch=1, entries=[]) is CONTINUE
    await asyncio.to_thread(ports.control.request_stop, session_id)
    assert await ports.log.append(session_id, epoch=1, entries=[]) is STOP
    assert await ports.log.append(session_id, epoch=1, entries=entries_of(["last words"])) is STOP
    assert text_of(await read_to_end(ports.log, session_id)) == "last words"


async def test_stop_before_the_first_append_is_returned(ports: RedisPorts, session_id: str) -> None:
    await asyncio.to_thread(ports.control.request_stop, session_id)
    assert await ports.log.append(session_id, epoch=1, entries=[]) is STOP


async def test_stop_outlives_a_take_over(ports: RedisPorts, session_id: str) -> None:
    await ports.log.append(session_id, epoch=1, entries=[])
    await asyncio.to_thread(ports.control.request_stop, session_id)
    assert await ports.log.append(session_id, epoch=2, entries=[]) is STOP


async def test_stop_is_for_one_session(ports: RedisPorts, session_id: str) -> None:
    await asyncio.to_thread(ports.control.request_stop, session_id + "x")
    assert await ports.log.append(session_id, epoch=1, entries=[]) is CONTINUE


async def test_control_reads_the_text_of_its_epoch(ports: RedisPorts, session_id: str) -> None:
    def text(epoch: int) -> str | None:
        return ports.control.text(session_id, epoch=epoch)

    assert await asyncio.to_thread(text, 1) is None
    await ports.log.append(session_id, epoch=1, entries=[])
    assert await asyncio.to_thread(text, 1) is None
    await ports.log.append(session_id, epoch=1, entries=entries_of(["Hällo, ", "Wörld"], done=False))
    assert await asyncio.to_thread(text, 1) == "Hällo, Wörld"
    assert await asyncio.to_thread(text, 2) is None
    await ports.log.append(session_id, epoch=2, entries=[])
    assert await asyncio.to_thread(text, 1) is None


async def test_append_to_a_log_that_has_lost_its_entries_says_so(ports: RedisPorts, session_id: str) -> None:
    """As after FLUSHALL, an eviction, or a failover to a replica that lacks them."""
    assert await ports.log.append(session_id, epoch=1, after=9, entries=[TextEntry(12, "abc")]) is GAP
    assert await ports.log.append(session_id, epoch=1, after=9, entries=[]) is GAP
    assert await read_what_is_there(ports.log, session_id) == []


async def test_log_that_lost_its_last_entries_has_a_gap(ports: RedisPorts, session_id: str) -> None:
    await ports.log.append(session_id, epoch=1, entries=[TextEntry(4, "abc")])
    assert await ports.log.append(session_id, epoch=1, after=7, entries=[TextEntry(9, "fg")]) is GAP
    assert await ports.log.append(session_id, epoch=1, after=4, entries=[TextEntry(9, "defgh")]) is CONTINUE
    assert text_of(await read_what_is_there(ports.log, session_id)) == "abcdefgh"


async def test_whole_text_fills_a_gap_for_followers(ports: RedisPorts, session_id: str) -> None:
    await ports.log.append(session_id, epoch=1, entries=[TextEntry(4, "abc")])
    async with asyncio.timeout(20), ports.log.follow(session_id, seen=0) as entries:
        assert await anext(entries) == TextEntry(4, "abc")
        assert await ports.log.append(session_id, epoch=1, after=9, entries=[TextEntry(11, "x")]) is GAP
        assert await ports.log.append(session_id, epoch=1, entries=[TextEntry(11, "abcdefghij")]) is CONTINUE
        assert await anext(entries) == TextEntry(11, "defghij")
