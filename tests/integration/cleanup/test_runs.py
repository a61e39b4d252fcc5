"""Runs over a DynamoDB that is as strict as Amazon's."""

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from chat.dynamo.items import SessionItem
from chat.errors import NotFoundError, SessionExpiredError, StorageError
from chat.messages import MessageStatus
from chat.redis import Breaker, RedisSettings, connect
from chat.sessions import SessionState
from chat.sharing.event_log import TextEntry
from fakes.functions.deployed_cleanup import DeployedCleanup
from fakes.redis.servers import redis_server


def test_a_backlog_is_worked_off_and_each_session_counted_once(deployed: DeployedCleanup) -> None:
    """By three runs at once."""
    conversation = deployed.conversation()
    with ThreadPoolExecutor(16) as starters:
        for done in [starters.submit(deployed.start, conversation) for _ in range(300)]:
            done.result()
        for done in [starters.submit(deployed.cut_off, conversation, "Once upon") for _ in range(60)]:
            done.result()
    barrier = Barrier(3)

    def run() -> dict[str, float]:
        barrier.wait()
        return deployed.run()

    with ThreadPoolExecutor(3) as runs:
        found = [run.result() for run in [runs.submit(run) for _ in range(3)]]
    assert sum(each["SessionsExpired"] for each in found) == 300
    assert sum(each["SessionsSettled"] for each in found) == 60
    assert sum(each["CleanupFailures"] for each in found) == 0
    messages = conversation.stores.messages.page(conversation.user_id, conversation.chat_id, limit=1000).messages
    assert len(messages) == 300 + 2 * 60
    assert sum(message.status is MessageStatus.INTERRUPTED for message in messages) == 60
    assert deployed.run()["ActiveSessions"] == 0


def test_session_that_begins_while_it_expires_is_streamed_or_removed(deployed: DeployedCleanup) -> None:
    """Never both: a producer still finds its session when it stores the answer."""
    conversation = deployed.conversation()
    sessions = [deployed.start(conversation, ago=600 - 0.8 - number * 0.001) for number in range(40)]

    def attach_and_finish(number: int) -> bool:
        session = sessions[number]
        # The attaching process's clock is a little behind.
        try:
            attached = conversation.attach(session, now=session.expires_at - 0.01).session
        except (NotFoundError, SessionExpiredError):
            return False
        answer = conversation.answer(session)
        conversation.stores.sessions.finish(attached, state=SessionState.COMPLETED, answer=answer)
        return True

    time.sleep(max(0, sessions[0].expires_at - time.time()))
    with ThreadPoolExecutor(8) as tabs:
        attached = [tabs.submit(attach_and_finish, number) for number in range(40)]
        found = deployed.run()
        streamed = sum(tab.result() for tab in attached)
    assert found["CleanupFailures"] == 0
    assert found["SessionsExpired"] + streamed == 40
    answers = [message for message in conversation.history() if message.role == "assistant"]
    assert len(answers) == streamed


def test_settling_takes_what_the_log_has(deployed: DeployedCleanup) -> None:
    with redis_server() as server:
        conversation = deployed.conversation()
        session = deployed.cut_off(conversation, "Once upon")
        write_log(server.environ, session.session_id, "Once upon a time")
        found = deployed.run(**server.environ)
        assert found["SessionsSettled"] == 1
        assert [message.content for message in conversation.history()][1:] == ["Once upon a time"]
        assert (found["CacheEntries"], found["CacheMemoryBytes"] > 100_000) == (2, True)


def test_silent_redis_costs_a_run_its_budget_and_nothing_else(deployed: DeployedCleanup) -> None:
    conversation = deployed.conversation()
    deployed.cut_off(conversation, "Once upon")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        found = deployed.run(REDIS_URL=url, CLEANUP_REDIS_SECONDS="0.5")
        assert time.monotonic() - began < 3
    assert found["SessionsSettled"] == 1
    assert not {"CacheEntries", "CacheMemoryBytes", "CacheHitRate"} & found.keys()
    assert [message.content for message in conversation.history()][1:] == ["Once upon"]


@pytest.mark.parametrize(
    "damage",
    [
        [SessionItem.state.set("?")],
        [SessionItem.model_id.remove(), SessionItem.kind.set("poem")],
        [SessionItem.expires_at.remove()],
    ],
    ids=["unknown state", "no kind of message", "no end"],
)
def test_damaged_sessions_block_nobody(deployed: DeployedCleanup, damage: list[Any]) -> None:
    conversation = deployed.conversation()
    sessions = [deployed.cut_off(conversation, "Once upon") for _ in range(12)]
    bad = sessions[5]
    deployed.tables.sessions(bad.session_id).update(actions=damage)
    found = deployed.run()
    assert (found["SessionsSettled"], found["CleanupFailures"]) == (11, 1)
    found = deployed.run()
    assert (found["SessionsSettled"], found["CleanupFailures"]) == (0, 1)
    deployed.tables.sessions(bad.session_id).delete()


def test_partial_text_that_cannot_be_read_blocks_nobody(deployed: DeployedCleanup) -> None:
    conversation = deployed.conversation()
    sessions = [deployed.cut_off(conversation, "Once upon " * 500) for _ in range(3)]
    broken = {"M": {"head": {"B": b"no zlib"}}}
    deployed.tables.connection.client.update_item(
        TableName="SessionsTable",
        Key={"sessionId": {"S": sessions[1].session_id}},
        UpdateExpression="SET #partial = :broken",
        ExpressionAttributeNames={"#partial": "partial"},
        ExpressionAttributeValues={":broken": broken},
    )
    found = deployed.run()
    assert (found["SessionsSettled"], found["CleanupFailures"]) == (2, 1)
    deployed.tables.sessions(sessions[1].session_id).delete()


def test_dynamodb_that_refuses_connections_fails_the_run(deployed: DeployedCleanup) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(StorageError):
        replace(deployed, endpoint=f"http://127.0.0.1:{port}").run()
    assert time.monotonic() - began < 60


def test_run_after_an_outage_does_all(deployed: DeployedCleanup) -> None:
    conversation = deployed.conversation()
    deployed.start(conversation)
    with pytest.raises(StorageError):
        replace(deployed, endpoint="http://127.0.0.1:1").run()
    assert deployed.run()["SessionsExpired"] == 1


def write_log(environ: dict[str, str], session_id: str, text: str) -> None:
    async def write() -> None:
        settings = RedisSettings.from_environ(environ | {"REDIS_TIMEOUT_SECONDS": "5"})
        services = connect(settings, Breaker())
        assert services is not None
        await services.log.append(session_id, epoch=1, entries=[TextEntry(1 + len(text), text)])
        await services.close()

    asyncio.run(write())
