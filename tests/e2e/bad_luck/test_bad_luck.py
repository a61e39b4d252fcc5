"""Providers that fail, processes that die, deadlines: a clear error each time, and nothing lost or stored twice."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from fakes import sse
from fakes.stack.frontend import CLAUDE, MODEL, Frontend
from fakes.stack.process import RunningStack, running_stack
from fakes.stack.stream_processes import kill_streams, stream_processes

pytestmark = pytest.mark.timeout(120)

MODELS = [MODEL, CLAUDE, "grok-4.3"]


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    """Short timeouts, so that a hanging provider does not delay the test."""
    variables = {"PROVIDER_FIRST_TOKEN_SECONDS": "3", "PROVIDER_IDLE_SECONDS": "1.5"}
    with running_stack(environ={"DEMO_TOKENS_PER_SECOND": "200"}, variables=variables) as running:
        yield running


def expect_error(alice: Frontend, prompt: str, code: str, *, model: str = MODEL, retryable: bool = True) -> str:
    """The stream ends in that error, the prompt is in the history, and so is what there was of the answer; once."""
    session = alice.start(prompt, model=model)

    events = alice.read(session["sessionId"])

    assert (events[-1].type, events[-1].data["code"], events[-1].data["retryable"]) == ("error", code, retryable)
    assert "demo" not in events[-1].data["message"]
    shown = sse.text_of(events)
    failure = (code, retryable)
    whole = [("user", prompt, "complete", None, None), ("assistant", shown, "interrupted", *failure)]
    expected = whole if shown else [("user", prompt, "failed", *failure)]
    assert [
        (m["role"], m["content"], m["status"], m["code"], m["retryable"]) for m in alice.history(session["chatId"])
    ] == expected
    assert alice.read(session["sessionId"])[-1] == events[-1]
    return shown


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("fault", "code", "retryable"),
    [
        ("status=401", "provider_misconfigured", False),
        ("status=400", "provider_rejected", False),
        ("malformed", "provider_bad_response", True),
        ("empty", "provider_empty", True),
    ],
)
def test_provider_that_refuses_or_babbles(
    alice: Frontend, model: str, fault: str, code: str, *, retryable: bool
) -> None:
    assert expect_error(alice, f"[demo:{fault}]", code, model=model, retryable=retryable) == ""


@pytest.mark.parametrize(
    ("fault", "code"), [("status=429", "provider_rate_limited"), ("status=500", "provider_unavailable")]
)
def test_provider_that_stays_overloaded_is_asked_three_times(alice: Frontend, fault: str, code: str) -> None:
    prompt = f"[demo:{fault}] overloaded"

    assert expect_error(alice, prompt, code) == ""

    assert alice.provider_calls(prompt)["calls"] == 3


def test_provider_that_fails_once_is_asked_again_unnoticed(alice: Frontend) -> None:
    events = alice.ask("[demo:status=500 times=1] once")

    assert events[-1].type == "done"
    assert alice.provider_calls("times=1] once")["calls"] == 2


def test_provider_that_never_answers(alice: Frontend) -> None:
    assert expect_error(alice, "[demo:hang]", "provider_timeout") == ""


def test_provider_that_falls_silent_in_the_middle(alice: Frontend) -> None:
    assert expect_error(alice, "[demo:stall-after=10]", "provider_timeout") != ""


@pytest.mark.parametrize("model", MODELS)
def test_provider_that_dies_in_the_middle(alice: Frontend, model: str) -> None:
    assert expect_error(alice, "[demo:die-after=10]", "provider_interrupted", model=model) != ""


@pytest.mark.parametrize("model", MODELS)
def test_malformed_event_in_the_middle(alice: Frontend, model: str) -> None:
    assert expect_error(alice, "[demo:malformed-after=10]", "provider_bad_response", model=model) != ""


def test_killed_process_leaves_the_partial_answer_and_says_interrupted(alice: Frontend) -> None:
    session = alice.start("[demo:tokens=2000 rate=40] killed")
    seen: list[sse.Event] = []
    with alice.stream(session["sessionId"]) as arrivals:
        began = time.monotonic()
        for arrival in arrivals:
            seen.append(arrival.event)
            if arrival.at - began > 2.5:
                break
        kill_streams(alice.stack)

    events = alice.read(session["sessionId"], lastEventId=seen[-1].id)

    *tokens, error = events
    assert (error.type, error.data["code"], error.data["retryable"]) == ("error", "interrupted", True)
    prompt, answer = alice.history(session["chatId"])
    assert (prompt["role"], answer["status"]) == ("user", "interrupted")
    # What is kept may be more than the client had read when the process was killed, or less: then nothing follows.
    shown, kept = sse.text_of([*seen, *tokens]), answer["content"]
    assert shown.startswith(kept)
    assert shown == kept or not tokens
    assert len(kept) > 40
    assert alice.provider_calls("killed")["calls"] == 1
    nothing_left = alice.client.get("/chat/stream", params={"sessionId": session["sessionId"], "lastEventId": error.id})
    assert nothing_left.status_code == 204


def test_process_killed_before_the_first_token_is_replaced(alice: Frontend) -> None:
    session = alice.start("[demo:slow-first=1 tokens=10] early")
    with alice.stream(session["sessionId"]) as arrivals:
        assert next(arrivals).event.type == "typing"
        kill_streams(alice.stack)

    events = alice.read(session["sessionId"])

    assert events[-1].type == "done"
    assert [message["role"] for message in alice.history(session["chatId"])] == ["user", "assistant"]


def test_follower_of_a_killed_process_gets_the_stored_text(alice: Frontend) -> None:
    session = alice.start("[demo:tokens=2000 rate=40] followed")
    with alice.stream(session["sessionId"]) as producing:
        for _ in range(20):
            next(producing)
        producer = busiest_stream(alice.stack, lambda: [next(producing) for _ in range(40)])
        with alice.stream(session["sessionId"]) as following:
            seen = [next(following).event for _ in range(2)]
            os.kill(producer, signal.SIGKILL)
            seen += [arrival.event for arrival in following]

    assert seen[-1].data["code"] == "interrupted"
    assert alice.history(session["chatId"])[-1]["content"] == sse.text_of(seen)


def test_answer_that_reaches_the_deadline_is_kept() -> None:
    """The function's time limit is 7 s here, of which 2 are kept free for storing."""
    variables = {"DEADLINE_MARGIN_SECONDS": "2"}
    with (
        running_stack("--timeout", "StreamFunction=7", variables=variables) as stack,
        Frontend(stack, "alice") as alice,
    ):
        began = time.monotonic()
        shown = expect_error(alice, "[demo:tokens=2000 rate=40]", "deadline_exceeded")

        assert shown != ""
        assert time.monotonic() - began < 7


def test_loop_of_connections_is_refused_for_the_rest_of_the_minute(alice: Frontend) -> None:
    session = alice.start("/help")
    params = {"sessionId": session["sessionId"]}
    for _ in range(61):  # thirty in a minute of the clock, and the clock may be at a minute's end
        refused = alice.client.get("/chat/stream", params=params)
        if refused.status_code != 200:
            break

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attaches")
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_another_users_things_do_not_exist(stack: RunningStack, alice: Frontend) -> None:
    session = alice.start("/help")
    with Frontend(stack, "mallory", "ENTERPRISE") as mallory:
        answers = [
            mallory.client.get("/chat/stream", params={"sessionId": session["sessionId"]}),
            mallory.client.post("/chat/stop", json={"sessionId": session["sessionId"]}),
            mallory.client.get("/chat/history", params={"chatId": session["chatId"]}),
        ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (404, "session_not_found"),
        (404, "session_not_found"),
        (404, "chat_not_found"),
    ]
    assert alice.read(session["sessionId"])[-1].type == "done"


def test_disabled_user_gets_nothing(stack: RunningStack) -> None:
    with Frontend(stack, "dora") as dora:
        session = dora.start("/help")
        stack.token("dora", disabled=True)
        answers = [
            dora.client.get("/chat/stream", params={"sessionId": session["sessionId"]}),
            dora.client.post("/chat/start", json={"modelId": MODEL, "prompt": "Hi"}),
            dora.client.get("/chat/history"),
            dora.client.get("/chat/models"),
        ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "user_disabled")] * 4


def test_no_prompt_answer_or_token_is_ever_logged(stack: RunningStack, alice: Frontend) -> None:
    session = alice.start("A very particular prompt [demo:die-after=10]")
    text = sse.text_of(alice.read(session["sessionId"], streamToken=session["streamToken"]))

    log = stack.log()

    assert "very particular" not in log
    assert text not in log
    assert session["streamToken"] not in log
    assert alice.client.headers["authorization"].removeprefix("Bearer ") not in log


def busiest_stream(stack: RunningStack, work: Callable[[], object]) -> int:
    """The process that produces: the one that uses most CPU while `work` goes on."""
    before = {pid: cpu_seconds(pid) for pid in stream_processes(stack)}
    work()
    return max(before, key=lambda pid: cpu_seconds(pid) - before[pid])


def cpu_seconds(pid: int) -> float:
    """See clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)
