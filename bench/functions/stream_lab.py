"""What the suites of the stream function share: DynamoDB, sessions, the function's process, and reading its answers."""

import contextlib
import datetime as dt
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.runtime_api import Function, TimedResponse, event
from local_stack.emulator.launch import FAKE_CREDENTIALS
from local_stack.sam.template import read_template
from local_stack.services.dynamodb import create_tables

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers/common"
TASK_ROOT = ROOT / "functions/stream"
SECRET = "bench-secret-" * 4
PATIENCE_SECONDS = 20


def checked(answer: TimedResponse, tokens: int) -> TimedResponse:
    if answer.body.count(b'"type":"token"') != tokens or b'"type":"done"' not in answer.body:
        raise AssertionError(f"not {tokens} tokens and done: {answer.body[-500:]!r}")
    return answer


def first_token_seconds(answer: TimedResponse) -> float:
    at = answer.body.index(b'"type":"token"')
    return next(seconds for seconds, received in answer.arrivals if received > at)


def start_function(handler: str, environ: dict[str, str]) -> Function:
    return Function(
        [str(TASK_ROOT / "bootstrap"), sys.executable, "/var/runtime/bootstrap.py"], environ | {"_HANDLER": handler}
    )


def environ_for(endpoint: str) -> dict[str, str]:
    return {
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        **FAKE_CREDENTIALS,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "LAMBDA_TASK_ROOT": str(TASK_ROOT),
        "PYTHONPATH": f"{LAYER}:{Path(__file__).parent}",
        "SESSIONS_TABLE": "SessionsTable",
        "CHATS_TABLE": "ChatsTable",
        "USERS_TABLE": "UsersTable",
        "JWT_ISSUER": "bench",
        "JWT_AUDIENCE": "bench",
        "AUTH_SECRET": SECRET,
        "POWERTOOLS_SERVICE_NAME": "stream",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }


def stream_event(session_id: str, user_id: str) -> bytes:
    document = json.loads(event(f"sessionId={session_id}"))
    document["headers"]["authorization"] = f"Bearer {user_token(user_id)}"
    return json.dumps(document).encode()


def user_token(user_id: str) -> str:
    import jwt

    claims = {"sub": user_id, "iss": "bench", "aud": "bench", "exp": dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)}
    return jwt.encode(claims, SECRET, algorithm="HS256")


class Sessions:
    """Starts sessions in separate chats, as `/chat/start` does."""

    def __init__(self, environ: dict[str, str]) -> None:
        os.environ.update({name: value for name, value in environ.items() if name.startswith("AWS_")})
        from chat.dynamo import DynamoSessionStore, Tables
        from chat.settings import StorageSettings

        self._store = DynamoSessionStore(Tables(StorageSettings.from_environ(environ)))

    def start(self, *, use_cache: bool = True) -> bytes:
        """The event that opens a new session's stream."""
        return stream_event(self.new(use_cache=use_cache), "alice")

    def new(self, *, use_cache: bool = True) -> str:
        """A new session's id."""
        from chat.ids import new_id, new_message_ids
        from chat.messages import Message, MessageKind, Role
        from chat.sessions import Session

        now, ids, session_id = time.time(), new_message_ids(time.time()), new_id()
        session = Session(
            session_id=session_id,
            user_id="alice",
            chat_id=session_id,
            model_id="gpt-5.6-luna",
            kind=MessageKind.CHAT,
            prompt_message_id=ids.prompt,
            answer_message_id=ids.answer,
            created_at=now,
            expires_at=now + 600,
            use_cache=use_cache,
        )
        prompt = Message(ids.prompt, "alice", session_id, session_id, Role.USER, "Hello", session.model_id, now)
        self._store.start(session, prompt)
        return session_id


@contextlib.contextmanager
def dynamodb() -> Iterator[str]:
    """Moto's server with the template's tables; its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_port(port)
        endpoint = f"http://127.0.0.1:{port}"
        create_tables(endpoint, read_template(ROOT / "template.yaml"))
        yield endpoint
    finally:
        server.terminate()
        server.wait()


def _await_port(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError("moto's server did not start")
