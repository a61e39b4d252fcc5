"""The whole conversation, as frontends hold it, with the running stack."""

import subprocess
from itertools import pairwise

import pytest

from documents import blocks, section
from fakes import sse
from fakes.stack.frontend import CLAUDE, MODEL, Frontend
from fakes.stack.process import RunningStack

pytestmark = pytest.mark.timeout(120)


def test_curl_conversation_of_the_readme(stack: RunningStack) -> None:
    """The README's commands, word for word, but for the address, the user and the ids that one fills in."""
    commands = blocks(section("README.md", "First minute"), "sh")[1]
    token, start, stream_it, show_it = commands.replace("http://127.0.0.1:3000", stack.url).strip().split("\n\n")
    script = f"""
        set -eu
        {token.replace("user=alice", "user=curl")}
        STARTED=$({start})
        value() {{ echo "$STARTED" | sed "s/.*\\"$1\\":\\"\\([^\\"]*\\)\\".*/\\1/"; }}
        {stream_it.replace("sessionId=...", "sessionId=$(value sessionId)")}
        echo ---
        {show_it.replace("chatId=...", "chatId=$(value chatId)")}
    """
    stream, history = subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout.split(b"---\n")

    events = sse.parse(stream)
    sse.check_stream(events)
    assert events[-1].type == "done"
    assert len(events) > 20
    assert b'"What is artificial intelligence?"' in history
    assert events[-1].data["messageId"].encode() in history


@pytest.mark.perf
def test_tokens_arrive_one_after_the_other(alice: Frontend) -> None:
    """40 tokens a second leave the provider: that is how they arrive, not in a burst at the end.

    The longest gap is the best of three, for other tests run beside this one.
    """
    longest = []
    for attempt in range(3):
        session = alice.start(f"[demo:tokens=40 rate=40] one after the other {attempt}")
        with alice.stream(session["sessionId"]) as arrivals:
            times = [arrival.at for arrival in arrivals if arrival.event.type == "token"]
        assert times[-1] - times[0] > 0.7
        gaps = sorted(later - earlier for earlier, later in pairwise(times))
        assert gaps[len(gaps) // 2] > 0.01
        longest.append(gaps[-1])

    assert min(longest) < 0.2


@pytest.mark.parametrize("model", [MODEL, CLAUDE, "grok-4.3"])
def test_second_turn_continues_the_conversation(alice: Frontend, model: str) -> None:
    first = alice.start(f"What is a {model}?", model=model)
    alice.read(first["sessionId"])

    events = alice.ask("And why?", model=model, chatId=first["chatId"])

    assert f"What is a {model}?" in sse.text_of(events)
    usage = events[-1].data["usage"]
    assert usage["inputTokens"] > 0
    assert usage["outputTokens"] > 0
    history = alice.history(first["chatId"])
    assert [message["role"] for message in history] == ["user", "assistant", "user", "assistant"]
    assert history[-1]["usage"] == usage
    assert history[-1]["content"] == sse.text_of(events)


def test_project_and_task_come_back_in_the_history(alice: Frontend) -> None:
    session = alice.start("/help", projectId="project-1", taskId="task-1")
    alice.read(session["sessionId"])

    assert {(message["projectId"], message["taskId"]) for message in alice.history(session["chatId"])} == {
        ("project-1", "task-1")
    }


def test_event_source_reads_its_stream_with_the_stream_token_alone(alice: Frontend) -> None:
    session = alice.start("[demo:tokens=5 rate=0]")
    del alice.client.headers["authorization"]

    events = alice.read(session["sessionId"], streamToken=session["streamToken"])

    assert events[-1].type == "done"


def test_slash_command_runs_without_a_provider(alice: Frontend) -> None:
    before = alice.provider_calls("")["calls"]

    text = sse.text_of(alice.ask("/models"))

    assert "| gpt-5.6-luna | openai | BASIC | yes |" in text
    assert alice.provider_calls("")["calls"] == before


def test_two_tabs_at_once_share_one_provider_call(alice: Frontend) -> None:
    session = alice.start("[demo:tokens=60 rate=40] two tabs")
    with alice.stream(session["sessionId"]) as first:
        early = [next(first).event for _ in range(5)]
        second = alice.read(session["sessionId"])
        rest = [arrival.event for arrival in first]

    assert sse.text_of(second) == sse.text_of(early + rest)
    assert second[-1].data == rest[-1].data
    assert alice.provider_calls("two tabs")["calls"] == 1
    assert len(alice.history(session["chatId"])) == 2


def test_dropped_connection_resumes_where_it_was(alice: Frontend) -> None:
    session = alice.start("[demo:tokens=60 rate=40] dropped")
    with alice.stream(session["sessionId"]) as arrivals:
        seen = [next(arrivals).event for _ in range(10)]

    rest = alice.read(session["sessionId"], lastEventId=seen[-1].id)

    stored = alice.history(session["chatId"])[-1]["content"]
    assert sse.text_of(seen) + sse.text_of(rest) == stored
    assert alice.provider_calls("dropped")["calls"] == 1
    nothing_left = alice.client.get(
        "/chat/stream", params={"sessionId": session["sessionId"], "lastEventId": rest[-1].id}
    )
    assert nothing_left.status_code == 204


def test_answer_is_finished_and_stored_when_nobody_listens_any_more(alice: Frontend) -> None:
    session = alice.start("[demo:tokens=60 rate=40] nobody")
    with alice.stream(session["sessionId"]) as arrivals:
        next(arrivals)

    events = alice.read(session["sessionId"])

    assert events[-1].type == "done"
    assert alice.history(session["chatId"])[-1]["status"] == "complete"


def test_stop_ends_the_answer_within_one_and_a_half_seconds(alice: Frontend) -> None:
    session = alice.start("[demo:tokens=1000 rate=40] stopped")
    with alice.stream(session["sessionId"]) as arrivals:
        seen = [next(arrivals) for _ in range(10)]
        state = alice.client.post("/chat/stop", json={"sessionId": session["sessionId"]}).json()["state"]
        asked_at = seen[-1].at
        seen += list(arrivals)

    events = [arrival.event for arrival in seen]
    assert state == "streaming"
    assert (events[-1].type, events[-1].data["finishReason"]) == ("done", "stopped")
    assert seen[-1].at - asked_at < 1.5
    answer = alice.history(session["chatId"])[-1]
    assert (answer["status"], answer["content"]) == ("stopped", sse.text_of(events))
    assert alice.provider_calls("stopped") == {"calls": 1, "open": 0, "completed": 0, "closedByClient": 1}
    again = alice.client.post("/chat/stop", json={"sessionId": session["sessionId"]})
    assert (again.status_code, again.json()["state"]) == (200, "stopped")
