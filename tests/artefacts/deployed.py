"""What `sam build` made, at work under the local emulator, with the rights that the template gives."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import httpx
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from artefacts.calls import CALLS
from artefacts.gate import Gate, Rights
from artefacts.policies import Permission, permissions
from artefacts.transformed import source_template
from chat.dynamo import Tables
from chat.settings import StorageSettings
from fakes.conversation import Conversation, dynamo_stores
from fakes.dynamodb.server import dynamodb_server
from fakes.sse import Event, check_stream, parse
from fakes.stack.process import running_stack
from local_stack.emulator.launch import FAKE_CREDENTIALS
from template.checks.stack import Stack

FUNCTIONS = tuple(CALLS)
USER = "alice"
LONGEST_CHARS = 1_200_000


@dataclass(frozen=True, slots=True)
class Deployed:
    """The functions, as a signed-in user meets them; and their DynamoDB, as it is behind the gate."""

    client: httpx.Client
    dynamodb: str
    gate: Gate

    def start(self, prompt: str, **more: str) -> dict[str, str]:
        answer = self.try_to_start(prompt, **more)
        assert answer.status_code == 201, answer.text
        session: dict[str, str] = answer.json()
        return session

    def try_to_start(self, prompt: str, *, key: str | None = None, **more: str) -> httpx.Response:
        """`key` is an Idempotency-Key."""
        body = {"modelId": "gpt-5.6-luna", "prompt": prompt, **more}
        return self.client.post("/chat/start", json=body, headers={} if key is None else {"idempotency-key": key})

    def regenerate(self, chat_id: str, message_id: str) -> dict[str, str]:
        """Another session for a prompt that is there."""
        body = {"modelId": "gpt-5.6-luna", "chatId": chat_id, "regenerate": message_id}
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

    def stop(self, session_id: str) -> httpx.Response:
        return self.client.post("/chat/stop", json={"sessionId": session_id})

    def clean_up(self) -> dict[str, float]:
        """One run of the scheduled function; what it published."""
        answer = self.client.post("/local/run/CleanupFunction")
        assert answer.status_code == 200, answer.text
        published: dict[str, float] = answer.json()
        return published

    def conversation(self) -> Conversation:
        """The user's, written to the tables past the functions and the gate."""
        with patch.dict(os.environ, {**FAKE_CREDENTIALS, "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb}):
            tables = Tables(
                StorageSettings(sessions_table="SessionsTable", chats_table="ChatsTable", users_table="UsersTable")
            )
            tables.prepare()
        return Conversation(dynamo_stores(tables), USER)

    def meet_new_user(self, method: str, path: str, **request: Any) -> None:
        """A request of a user without a record."""
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


def abandoned(conversation: Conversation, text: str) -> str:
    """The id of a session whose producer died after it had written `text`."""
    begun = time.time() - 60
    session = conversation.start(now=begun)
    lease = conversation.attach(session, now=begun).lease
    conversation.stores.sessions.checkpoint(lease, text=text, now=begun, lease_seconds=1)
    return session.session_id


def stopped_unheard(conversation: Conversation) -> str:
    """The id of a session whose producer died before it had written anything or noticed the stop."""
    begun = time.time() - 60
    session = conversation.start(now=begun)
    conversation.attach(session, now=begun)
    conversation.stores.sessions.request_stop(session.session_id, user_id=USER, now=begun)
    return session.session_id


def allowed() -> dict[str, set[Permission]]:
    """What the template's policies allow each function."""
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


@contextmanager
def deployed_stack(built: Path, folder: Path) -> Iterator[Deployed]:
    """The artefacts in `built` at work, without Redis: DynamoDB does all there is to do."""
    with (
        dynamodb_server() as dynamodb,
        Gate(dynamodb, Rights(allowed())) as gate,
        running_stack(
            "--artefacts",
            str(signed(built, folder / "artefacts")),
            f"--set=MAX_PROMPT_CHARS={LONGEST_CHARS}",
            f"--set=MAX_BODY_BYTES={LONGEST_CHARS}",
            "--set=REDIS_URL=",
            environ={"AWS_ENDPOINT_URL_DYNAMODB": gate.url, "DEMO_TOKENS_PER_SECOND": "200"},
        ) as stack,
        httpx.Client(base_url=stack.url, timeout=60) as client,
    ):
        token = client.get("/local/token", params={"user": USER, "tier": "PRO"}).text
        client.headers["authorization"] = f"Bearer {token}"
        yield Deployed(client, dynamodb, gate)
