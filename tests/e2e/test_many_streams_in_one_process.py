"""Lambda Managed Instances: several streams at a time in one process, none in another's way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from fakes import sse
from fakes.stack.frontend import Frontend
from fakes.stack.process import RunningStack, running_stack

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    environ = {"STREAM_CONCURRENCY": "16", "DEMO_TOKENS_PER_SECOND": "100"}
    with running_stack(environ=environ) as running:
        yield running


def test_answers_failures_and_stops_side_by_side(stack: RunningStack) -> None:
    with Frontend(stack, "alice", "ENTERPRISE") as alice, ThreadPoolExecutor(16) as pool:
        good = [alice.start(f"[demo:tokens=200 rate=100] number {number}") for number in range(8)]
        failing = [alice.start(f"[demo:die-after={20 + number}] failing") for number in range(3)]
        stopping = alice.start("[demo:tokens=5000 rate=100] stopping")
        others = [*good, *failing]
        streams = [pool.submit(alice.read, session["sessionId"]) for session in others]
        followers = [pool.submit(alice.read, session["sessionId"]) for session in good[:2]]
        with alice.stream(stopping["sessionId"]) as arrivals:
            stopped = [next(arrivals).event for _ in range(5)]
            alice.client.post("/chat/stop", json={"sessionId": stopping["sessionId"]})
            stopped += [arrival.event for arrival in arrivals]
        results = [*(stream.result() for stream in streams), stopped]

        for session, events in zip([*others, stopping], results, strict=True):
            assert alice.history(session["chatId"])[-1]["content"] == sse.text_of(events)
        endings = [events[-1].data.get("finishReason", events[-1].data.get("code")) for events in results]
        assert endings == ["stop"] * 8 + ["provider_interrupted"] * 3 + ["stopped"]
        for follower, result in zip(followers, results, strict=False):
            assert sse.text_of(follower.result()) == sse.text_of(result)
        assert alice.provider_calls("number")["calls"] == len(good)
        assert stack.log().count("stream | INIT_START") == 1
