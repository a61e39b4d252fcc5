"""The running stack with Redis: cached answers, one call for simultaneous equal questions, live followers, stops."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise

import pytest

from fakes import sse
from fakes.stack.frontend import Frontend
from fakes.stack.process import RunningStack, running_stack

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    environ = {"STREAM_CONCURRENCY": "120", "DEMO_TOKENS_PER_SECOND": "40"}
    with running_stack(environ=environ, variables={"CACHE_SCOPE": "global", "MAX_ATTACHES": "200"}) as running:
        yield running


def test_same_question_is_answered_from_the_cache(alice: Frontend) -> None:
    first = alice.ask("What is a cache?")

    second = alice.ask("What is a cache?")

    assert sse.text_of(second) == sse.text_of(first)
    assert (first[-1].data["cached"], second[-1].data["cached"]) == (False, True)
    assert second[-1].data["savedUsd"] > 0
    assert alice.provider_calls("What is a cache?")["calls"] == 1


def test_cache_can_be_bypassed(alice: Frontend) -> None:
    alice.ask("What is fresh?")

    events = alice.ask("What is fresh?", cache=False)

    assert events[-1].data["cached"] is False
    assert alice.provider_calls("What is fresh?")["calls"] == 2


def test_hundred_simultaneous_equal_questions_are_one_provider_call(stack: RunningStack) -> None:
    prompt = "[demo:tokens=40 rate=40] a hundred"
    with ExitStack() as users, ThreadPoolExecutor(100) as pool:
        frontends = [users.enter_context(Frontend(stack, f"user-{number}", "ENTERPRISE")) for number in range(10)]
        sessions = [(frontend, frontend.start(prompt)) for frontend in frontends for _ in range(10)]

        results = list(pool.map(lambda pair: pair[0].read(pair[1]["sessionId"]), sessions))

        assert frontends[0].provider_calls("a hundred")["calls"] == 1
        assert len({sse.text_of(events) for events in results}) == 1
        assert {events[-1].type for events in results} == {"done"}
        stored = [frontend.history(session["chatId"]) for frontend, session in sessions]
        assert {(len(history), history[-1]["content"]) for history in stored} == {(2, sse.text_of(results[0]))}


@pytest.mark.perf
def test_second_tab_follows_live(alice: Frontend) -> None:
    """The best of three attempts counts, because other tests run in parallel."""
    longest = []
    for attempt in range(3):
        session = alice.start(f"[demo:tokens=60 rate=40] second tab {attempt}")
        with alice.stream(session["sessionId"]) as first:
            for _ in range(10):
                next(first)
            with alice.stream(session["sessionId"]) as second:
                arrivals = list(second)
            list(first)
        times = [arrival.at for arrival in arrivals if arrival.event.type == "token"][1:]
        assert len(times) > 30
        longest.append(max(later - earlier for earlier, later in pairwise(times)))
        assert sse.text_of([arrival.event for arrival in arrivals]) == alice.history(session["chatId"])[-1]["content"]

    assert min(longest) < 0.2


@pytest.mark.parametrize("seed", range(3))
def test_random_disconnects_lose_and_duplicate_no_events(alice: Frontend, seed: int) -> None:
    dice = random.Random(seed)
    session = alice.start(f"[demo:tokens=80 rate=60] cut {seed}", cache=False)
    events: list[sse.Event] = []
    while not events or events[-1].type != "done":
        with alice.stream(session["sessionId"], lastEventId=events[-1].id if events else "") as arrivals:
            for _ in range(dice.randint(1, 25)):
                event = next(arrivals).event
                events.append(event)
                if event.type == "done":
                    break

    ids = [int(event.id) for event in events]
    assert ids == sorted(set(ids))
    assert sse.text_of(events) == alice.history(session["chatId"])[-1]["content"]
    assert alice.provider_calls(f"cut {seed}")["calls"] == 1


@pytest.mark.perf
def test_stop_reaches_every_client_within_200_ms(alice: Frontend) -> None:
    """The time includes the stop request itself. The best of three attempts counts: other tests run in parallel."""
    delays = []
    for attempt in range(3):
        session = alice.start(f"[demo:tokens=2000 rate=40] stop all {attempt}")
        with alice.stream(session["sessionId"]) as first, alice.stream(session["sessionId"]) as second:
            for _ in range(5):
                next(first)
                next(second)
            begun = time.monotonic()
            alice.client.post("/chat/stop", json={"sessionId": session["sessionId"]})
            ends = [list(first)[-1], list(second)[-1]]
        assert [end.event.data["finishReason"] for end in ends] == ["stopped"] * 2
        assert alice.provider_calls(f"stop all {attempt}")["closedByClient"] == 1
        delays.append(max(end.at for end in ends) - begun)

    assert min(delays) < 0.2 + 0.1


@pytest.mark.perf
def test_stop_while_the_provider_is_thinking(alice: Frontend) -> None:
    delays = []
    for attempt in range(3):
        session = alice.start(f"[demo:slow-first=20] thinking {attempt}")
        with alice.stream(session["sessionId"]) as arrivals:
            next(arrivals)
            while not alice.provider_calls(f"thinking {attempt}")["open"]:
                pass
            begun = time.monotonic()
            alice.client.post("/chat/stop", json={"sessionId": session["sessionId"]})
            end = list(arrivals)[-1]
        assert end.event.data["finishReason"] == "stopped"
        delays.append(end.at - begun)

    assert min(delays) < 0.2 + 0.1
