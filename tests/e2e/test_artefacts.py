"""What `sam build` made, not the sources, under the local emulator: chats, with the rights that the template gives."""

import json
import os
import random
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from artefacts.gate import Gate, Rights
from artefacts.policies import Permission, permissions
from artefacts.sam import ARCHITECTURES, build
from artefacts.transformed import source_template
from fakes.conversation import Conversation, dynamo_stores
from fakes.dynamodb_tables import connect
from fakes.sse import Event, check_stream, parse, text_of
from fakes.stack import running_stack
from template.checks.stack import Stack

pytestmark = pytest.mark.timeout(300)

FUNCTIONS = ("StartFunction", "StreamFunction", "HistoryFunction", "CleanupFunction")

LONG_PROMPT_CHARS = 600_000

NOT_MET = {
    "StartFunction": {
        # Parts of a prompt whose transaction was refused.
        Permission("dynamodb:DeleteItem", "ChatsTable"),
        # Powertools: a request that failed, and a record that DynamoDB did not send with its refusal.
        Permission("dynamodb:DeleteItem", "IdempotencyTable"),
        Permission("dynamodb:GetItem", "IdempotencyTable"),
        # A stop that finds a dead producer, with a checkpoint that is longer than an item may be.
        Permission("dynamodb:BatchGetItem", "SessionsTable"),
    },
    "StreamFunction": {
        # Parts of an answer that someone else has ended.
        Permission("dynamodb:DeleteItem", "ChatsTable"),
        # Checkpoints that are longer than an item may be.
        Permission("dynamodb:PutItem", "SessionsTable"),
        Permission("dynamodb:BatchGetItem", "SessionsTable"),
    },
    "HistoryFunction": set(),
    "CleanupFunction": {
        # Parts of an answer that someone else has stored.
        Permission("dynamodb:DeleteItem", "ChatsTable"),
    },
}
"""What the policies allow for cases that need bad luck."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The artefacts at work, as a signed-in user meets them."""

    client: httpx.Client
    dynamodb: str
    rights: Rights

    def start(self, prompt: str, **more: str) -> dict[str, str]:
        body = {"modelId": "gpt-5.6-luna", "prompt": prompt, **more}
        answer = self.client.post("/chat/start", json=body)
        assert answer.status_code == 201, answer.text
        session: dict[str, str] = answer.json()
        return session

    def stream(self, session: dict[str, str]) -> list[Event]:
        answer = self.client.get("/chat/stream", params={"sessionId": session["sessionId"]})
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
        events = parse(answer.content)
        check_stream(events)
        return events

    def history(self, **query: str) -> list[dict[str, str]]:
        answer = self.client.get("/chat/history", params=query)
        assert answer.status_code == 200, answer.text
        messages: list[dict[str, str]] = answer.json()["messages"]
        return messages

    def stop(self, session: dict[str, str]) -> int:
        return self.client.post("/chat/stop", json={"sessionId": session["sessionId"]}).status_code

    def start_twice(self, *, key: str) -> None:
        """The second request is answered from the record of the first."""
        body = {"modelId": "gpt-5.6-luna", "prompt": "Once"}
        headers = {"idempotency-key": key}
        first, second = (self.client.post("/chat/start", json=body, headers=headers) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json()["sessionId"] == second.json()["sessionId"]

    def leave_behind(self, partial: str) -> Conversation:
        """Two sessions of an hour ago: nobody came for the one, the other's producer died with that much written."""
        conversation = Conversation(dynamo_stores(connect(self.dynamodb)))
        then = time.time() - 3600
        conversation.start("Nobody came", now=then)
        lease = conversation.attach(conversation.start("Cut off", now=then + 1), now=then + 1).lease
        conversation.stores.sessions.checkpoint(lease, text=partial, now=then, lease_seconds=6)
        return conversation

    def clean_up(self) -> dict[str, float]:
        answer = self.client.post("/local/run/CleanupFunction")
        assert answer.status_code == 200, answer.text
        found: dict[str, float] = answer.json()
        return found

    def meet_new_user(self, method: str, path: str, **request: Any) -> None:
        """A request of someone whose record is not there yet."""
        token = self.client.get("/local/token", params={"user": "carol"}).text
        table = boto3.resource(
            "dynamodb",
            endpoint_url=self.dynamodb,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        ).Table("UsersTable")
        table.delete_item(Key={"userId": "carol"})
        self.client.request(method, path, headers={"authorization": f"Bearer {token}"}, **request)
        assert "Item" in table.get_item(Key={"userId": "carol"})


def allowed() -> dict[str, set[Permission]]:
    stack = Stack(source_template(), {})
    return {
        name: permissions(item for item in stack.statements(name) if item["Effect"] == "Allow") for name in FUNCTIONS
    }


def signed(built: Path, folder: Path) -> Path:
    """The same artefacts, with each function's name in what its SDK says of itself."""
    folder.mkdir()
    template = yaml_parse((built / "template.yaml").read_text())
    for name in FUNCTIONS:
        template["Resources"][name]["Properties"]["Environment"]["Variables"]["AWS_SDK_UA_APP_ID"] = name
    (folder / "template.yaml").write_text(json.dumps(template))
    for name in (*FUNCTIONS, "CommonLayer"):
        (folder / name).symlink_to(built / name)
    return folder


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[str]:
    command = [sys.executable, "-u", "-m", "local_stack.moto_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


@pytest.fixture(scope="module")
def deployed(dynamodb: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    machine = os.uname().machine
    architecture = next(name for name, kernel in ARCHITECTURES.items() if kernel == machine)
    folder = tmp_path_factory.mktemp("deployed")
    artefacts = signed(build(architecture, tmp_path_factory), folder / "artefacts")
    with (
        Gate(dynamodb, Rights(allowed())) as gate,
        running_stack(
            "--artefacts",
            str(artefacts),
            f"--set=MAX_PROMPT_CHARS={2 * LONG_PROMPT_CHARS}",
            f"--set=MAX_BODY_BYTES={2 * LONG_PROMPT_CHARS}",
            "--set=REDIS_URL=",  # so that DynamoDB does all there is to do
            environ={"AWS_ENDPOINT_URL_DYNAMODB": gate.url, "DEMO_TOKENS_PER_SECOND": "200"},
        ) as stack,
        httpx.Client(base_url=stack.url, timeout=60) as client,
    ):
        token = client.get("/local/token", params={"user": "alice", "tier": "PRO"}).text
        client.headers["authorization"] = f"Bearer {token}"
        yield Deployed(client, dynamodb, gate.rights)


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


def test_template_allows_what_the_functions_do_and_no_more(deployed: Deployed) -> None:
    """Every way to the tables is gone once; the gate refuses what the policies do not name."""
    session = deployed.start("[demo:tokens=5 rate=0] One")
    deployed.stream(session)
    deployed.stream(session)  # once more: a replay
    chat = session["chatId"]

    # Longer than an item may be, and not to be compressed: it is stored in parts.
    text = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=LONG_PROMPT_CHARS))
    deployed.stream(deployed.start(f"[demo:tokens=5 rate=0] {text}", chatId=chat))

    stopped = deployed.start("[demo:tokens=1000 rate=20] On and on", chatId=chat)
    with deployed.client.stream("GET", "/chat/stream", params={"sessionId": stopped["sessionId"]}) as answer:
        chunks = answer.iter_raw()
        while b'"token"' not in next(chunks):
            pass
        assert deployed.stop(stopped) == 200
        assert b'"stopped"' in b"".join(chunks)
    assert deployed.stop(stopped) == 200

    for command in ("/help", "/models", "/history 5"):
        deployed.stream(deployed.start(command, chatId=chat))

    assert len(deployed.history(chatId=chat)) == 12
    assert len(deployed.history(limit="3")) == 3
    deployed.start_twice(key="one")
    deployed.meet_new_user("POST", "/chat/stop", json={"sessionId": session["sessionId"]})
    deployed.meet_new_user("GET", "/chat/stream", params={"sessionId": session["sessionId"]})
    deployed.meet_new_user("GET", "/chat/models")

    left_behind = deployed.leave_behind(partial=text)
    found = deployed.clean_up()
    assert (found["SessionsExpired"], found["SessionsSettled"], found["CleanupFailures"]) == (1, 1, 0)
    assert [message.content for message in left_behind.history()] == ["Nobody came", "Cut off", text]

    assert deployed.rights.denied == []
    for function, granted in allowed().items():
        tables = {item for item in granted if item.action.startswith("dynamodb:")}
        assert tables - deployed.rights.used[function] == NOT_MET[function], function


def test_gate_refuses_what_no_policy_names() -> None:
    """Without which the test above would prove nothing."""
    rights = Rights({"StartFunction": {Permission("dynamodb:GetItem", "UsersTable")}})
    agent = "Boto3/1 app/StartFunction"
    assert rights.lacking(agent, "GetItem", {"TableName": "UsersTable"}) == []
    assert rights.lacking(agent, "Scan", {"TableName": "UsersTable"})
    transaction = {"TransactItems": [{"Put": {"TableName": "ChatsTable"}}, {"Update": {"TableName": "UsersTable"}}]}
    assert len(rights.lacking(agent, "TransactWriteItems", transaction)) == 2
    assert rights.lacking(agent, "Query", {"TableName": "ChatsTable", "IndexName": "ChatsByActivity"}) == [
        Permission("dynamodb:Query", "ChatsTable/index/ChatsByActivity")
    ]
    assert len(rights.denied) == 4
