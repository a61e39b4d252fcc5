"""What `sam build` made, not the sources, under the local emulator: chats."""

import time
from collections.abc import Iterator

import pytest

from artefacts.deployed import Deployed, deployed_stack
from artefacts.sam import build_for_this_machine
from fakes.sse import check_stream, parse, text_of

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed_stack(build_for_this_machine(tmp_path_factory), tmp_path_factory.mktemp("deployed")) as running:
        yield running


def test_chat_streams_token_by_token(deployed: Deployed) -> None:
    session = deployed.start("[demo:tokens=40 rate=40] Hello")
    arrivals, received = [], b""
    with deployed.client.stream("GET", "/chat/stream", params={"sessionId": session["sessionId"]}) as answer:
        for chunk in answer.iter_raw():
            received += chunk
            arrivals.append(time.monotonic())
    events = parse(received)
    check_stream(events)
    assert events[-1].data["type"] == "done"
    assert arrivals[-1] - arrivals[0] > 0.5, "a second's worth of tokens came at once"
    assert len(arrivals) > 10
    question, reply = deployed.history(chatId=session["chatId"])
    assert (question["role"], question["content"]) == ("user", "[demo:tokens=40 rate=40] Hello")
    assert (reply["role"], reply["content"]) == ("assistant", text_of(events))


@pytest.mark.parametrize("model", ["gpt-5.6-luna", "claude-haiku-4-5", "grok-4.3"])
def test_each_providers_sdk_is_there(deployed: Deployed, model: str) -> None:
    events = deployed.stream(deployed.start("[demo:tokens=5 rate=0] Hi", modelId=model))
    assert events[-1].type == "done"
    assert text_of(events)
