"""The buffered functions as Lambda runs them: their handlers, Function URL events, and DynamoDB by moto in process."""

import base64
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import jwt
from moto import mock_aws

from chat.dynamo import DynamoMessageStore, DynamoSessionStore, DynamoUserStore, Tables
from chat.ids import new_id
from chat.sessions import Session, SessionState
from chat.settings import StorageSettings
from chat.users import Tier, User
from fakes.conversation import Conversation, dynamo_stores
from fakes.dynamodb.tables import TEMPLATE
from local_stack.emulator.launch import FAKE_CREDENTIALS
from local_stack.sam.template import read_template
from local_stack.services.dynamodb import create_tables

SECRET = "the-auth-secret-of-these-tests-0123456789"
ISSUER = "tests"
AUDIENCE = "chat-sse"
ENVIRON = {
    "SESSIONS_TABLE": "SessionsTable",
    "CHATS_TABLE": "ChatsTable",
    "USERS_TABLE": "UsersTable",
    "IDEMPOTENCY_TABLE": "IdempotencyTable",
    "JWT_ISSUER": ISSUER,
    "JWT_AUDIENCE": AUDIENCE,
    "AUTH_SECRET": SECRET,
}
TIMEOUT_SECONDS = 15

type Handler = Callable[[Any, Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FakeContext:
    """Lambda's context of an invocation."""

    aws_request_id: str = "the-request-id"
    started: float = 0.0

    def get_remaining_time_in_millis(self) -> int:
        return int((self.started + TIMEOUT_SECONDS - time.monotonic()) * 1000)


@dataclass(frozen=True, slots=True)
class Answer:
    """A function's answer."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and code of a problem document."""
        assert self.headers["content-type"] == "application/problem+json"
        document = self.json
        assert document["status"] == self.status
        assert document["title"]
        assert document["detail"].endswith((".", "!")) or document["errors"]
        return self.status, document["code"]


@dataclass(frozen=True, slots=True)
class World:
    """Empty tables, and what stands in them."""

    tables: Tables

    @property
    def sessions(self) -> DynamoSessionStore:
        return DynamoSessionStore(self.tables)

    @property
    def messages(self) -> DynamoMessageStore:
        return DynamoMessageStore(self.tables)

    @property
    def users(self) -> DynamoUserStore:
        return DynamoUserStore(self.tables)

    def user(self, tier: Tier = Tier.BASIC, *, disabled: bool = False) -> str:
        """A new user; returns a bearer token."""
        user_id = f"user-{new_id()}"
        self.users.put(User(user_id, tier, disabled), now=time.time())
        return token(user_id)

    def converse(
        self, bearer: str, chat_id: str, prompt: str, answer: str | None = None, *, at: float = 0, **changes: Any
    ) -> Session:
        """A prompt `at` seconds from now, and its answer (with `changes`) unless that is None; returns the session."""
        chat = Conversation(dynamo_stores(self.tables), user_of(bearer), chat_id)
        now = time.time() + at
        session = chat.start(prompt, now=now, project_id="project", task_id="task")
        if answer is not None:
            attached = chat.attach(session, now=now).session
            chat.stores.sessions.finish(
                attached, state=SessionState.COMPLETED, answer=chat.answer(session, answer, **changes)
            )
        return session


@contextmanager
def world() -> Iterator[World]:
    """DynamoDB with the template's tables, for as long as the context lasts."""
    with patch.dict(os.environ, FAKE_CREDENTIALS), mock_aws():
        endpoint = f"https://dynamodb.{FAKE_CREDENTIALS['AWS_REGION']}.amazonaws.com"
        create_tables(endpoint, read_template(TEMPLATE))
        yield World(Tables(StorageSettings.from_environ(ENVIRON)))


def token(user_id: str, key: str = SECRET, **changes: Any) -> str:
    """A bearer token; a claim that is None is left out."""
    claims = {"sub": user_id, "iss": ISSUER, "aud": AUDIENCE, "exp": time.time() + 60} | changes
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm="HS256")


def user_of(bearer: str) -> str:
    """The user id of a bearer token."""
    return str(jwt.decode(bearer, options={"verify_signature": False})["sub"])


def call(
    handler: Handler,
    method: str,
    path: str,
    *,
    bearer: str | None = None,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    cookies: Sequence[str] = (),
    body: bytes | None = None,
) -> Answer:
    """Invokes the function with the event that its Function URL would make (payload 2.0)."""
    event = url_event(
        method, path, query=query or {}, headers=_headers(bearer, body, headers), cookies=cookies, body=body
    )
    result = handler(event, FakeContext(started=time.monotonic()))
    assert json.loads(json.dumps(result)) == result
    assert not result["isBase64Encoded"]
    return Answer(result["statusCode"], result["headers"], result["body"])


def url_event(
    method: str,
    path: str,
    *,
    query: Mapping[str, Any],
    headers: Mapping[str, str],
    cookies: Sequence[str],
    body: bytes | None,
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads"""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": urlencode(query),
        "headers": dict(headers),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abc",
            "domainName": "abc.lambda-url.us-east-1.on.aws",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "tests",
            },
            "requestId": "the-url-request-id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1773342238000,
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = list(cookies)
    if body is not None:
        event |= _body(body)
    return event


def _headers(bearer: str | None, body: bytes | None, headers: Mapping[str, str] | None) -> dict[str, str]:
    made = {"host": "abc.lambda-url.us-east-1.on.aws", "x-forwarded-proto": "https", "x-forwarded-port": "443"}
    if bearer is not None:
        made["authorization"] = f"Bearer {bearer}"
    if body is not None:
        made |= {"content-type": "application/json", "content-length": str(len(body))}
    made |= headers or {}
    return {name: value for name, value in made.items() if value}


def _body(body: bytes) -> dict[str, Any]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
