"""Cut the connection anywhere, any number of times: what the client puts together is what is stored. Always."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from chat_stream.answers.answers import Answers
from chat_stream.providers.port import ChatRequest, Finish, Piece
from fakes import sse
from fakes.functions.stream_world import StreamWorld

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=1, max_size=40)
cuts = st.lists(st.integers(0, 200), max_size=8)


class TicklingProvider:
    """Gives one piece a turn of the event loop."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces

    @asynccontextmanager
    async def stream(self, request: ChatRequest) -> AsyncIterator[AsyncIterator[Piece]]:
        yield self._answer()

    async def _answer(self) -> AsyncIterator[Piece]:
        for piece in self._pieces:
            await asyncio.sleep(0)
            yield piece
        yield Finish("stop", None)


async def read_with_cuts(pieces: list[str], cuts: list[int], *, shared: bool) -> tuple[str, str, list[str]]:
    """What a client put together, what is stored, and the types of the last connection's events."""
    world = StreamWorld(shared=shared, MAX_ATTACHES="1000", FOLLOW_POLL_SECONDS="0.001")
    world.streams = world.build(answers=Answers(TicklingProvider(pieces)))
    session = world.start("Hi")
    text, seen, running = "", 0, []
    for cut in cuts:
        client = world.client(session, seen=seen)
        running.append(asyncio.create_task(client.run()))
        with suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await client.until_bytes(cut)
        whole = client.body[: client.body[:cut].rfind(b"\n\n") + 2]  # an event that did not arrive whole is none
        for event in sse.parse(whole):
            text += event.data.get("content", "")
            seen = int(event.id)
    last = await world.read(session, seen=seen)
    await asyncio.gather(*running)
    stored = "".join(answer.content for answer in world.answers())
    return text + sse.text_of(last), stored, [event.type for event in last]


@settings(max_examples=60, deadline=None)
@given(texts, cuts)
def test_any_cuts_with_the_event_log(pieces: list[str], cuts: list[int]) -> None:
    together, stored, last = asyncio.run(read_with_cuts(pieces, cuts, shared=True))

    assert together == stored == "".join(pieces)
    assert last[-1:] in ([], ["done"])


@settings(max_examples=40, deadline=None)
@given(texts, cuts)
def test_any_cuts_without_it(pieces: list[str], cuts: list[int]) -> None:
    together, stored, last = asyncio.run(read_with_cuts(pieces, cuts, shared=False))

    assert together == stored == "".join(pieces)
    assert last[-1:] in ([], ["done"])
