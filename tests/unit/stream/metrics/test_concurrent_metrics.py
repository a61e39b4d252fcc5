"""Many streams at the same time in one process: what each publishes is its own."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from chat.errors import ProviderError
from chat.messages import Usage
from chat.metrics import EmfMetrics
from chat.sessions import Session
from chat_stream.answers.answers import Answers
from chat_stream.providers.port import ChatRequest, Finish, Piece
from chat_stream.providers.retries import RETRY_COUNT, note
from fakes.functions.stream_world import BIG_MODEL, MODEL, StreamWorld

STREAMS = 120


class NumberProvider:
    """Answers the prompt N with N input tokens, in N pieces, after N % 3 retries; each seventh fails."""

    @asynccontextmanager
    async def stream(self, request: ChatRequest) -> AsyncIterator[AsyncIterator[Piece]]:
        yield self._pieces(int(request.turns[-1].content))

    async def _pieces(self, number: int) -> AsyncIterator[Piece]:
        for retry in range(number % 3):
            await note(httpx2.Request("POST", "http://provider", headers={RETRY_COUNT: str(retry + 1)}))
            await asyncio.sleep(0)
        for _ in range(number):
            yield "token "
            await asyncio.sleep(0)
        if number % 7 == 0:
            raise ProviderError("Cut.", code="provider_interrupted")
        yield Finish("stop", Usage(number, 2 * number))


async def test_concurrent_streams_publish_separate_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    world = StreamWorld()
    world.streams = world.build(answers=Answers(NumberProvider()), metrics=EmfMetrics("chat-sse", "chat-stream"))
    sessions = {
        number: world.start(str(number), chat_id=f"chat-{number}", model_id=("small", "big")[number % 2])
        for number in range(1, STREAMS + 1)
    }

    await asyncio.gather(*(world.read(session) for session in sessions.values()))

    records = {record["session_id"]: record for record in emf_records(capsys.readouterr().out)}
    assert len(records) == STREAMS
    for number, session in sessions.items():
        assert_is_its_own(records[session.session_id], number, session)


def assert_is_its_own(record: dict[str, Any], number: int, session: Session) -> None:
    model = (MODEL, BIG_MODEL)[number % 2]
    assert (record["model"], record["provider"], record["service"]) == (model.id, "scripted", "chat-stream")
    assert record["gen_ai.conversation.id"] == session.chat_id
    assert record.get("ProviderRetry", 0) == number % 3
    if number % 7 == 0:
        assert (record["StreamsFailed"], record["ProviderError"]) == (1, 1)
        assert record["error.type"] == "provider_interrupted"
        assert "CostUSD" not in record
    else:
        assert record["StreamsCompleted"] == 1
        assert (record["InputTokens"], record["OutputTokens"]) == (number, 2 * number)
        assert record["CostUSD"] == pytest.approx(model.cost_usd(Usage(number, 2 * number)))
        assert "error.type" not in record
    assert record["TimeToFirstTokenMs"] <= record["StreamDurationMs"]


def emf_records(output: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]
