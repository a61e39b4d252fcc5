"""The whole stream function: FastAPI, authentication, DynamoDB (moto's server), and a provider that answers at once."""

import contextlib
import datetime as dt
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, Suite
from bench.runtime_api import Answer, Function, event
from local_stack.dynamodb import create_tables
from local_stack.launch import FAKE_CREDENTIALS
from local_stack.template import read_template

ROOT = Path(__file__).parent.parent
LAYER = ROOT / "layers/common"
TASK_ROOT = ROOT / "functions/stream"

STARTS = 9
WARM_UP = 10
SAMPLES = 60
LONG_ANSWER_TOKENS = 20_000
LONG_ANSWERS = 7
SECRET = "bench-secret-" * 4
PATIENCE_SECONDS = 20


def run() -> Suite:
    """Measures the sources with their `.pyc`, as the built artefacts have them."""
    for folder in (LAYER, TASK_ROOT):
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder)], check=True)
    with _dynamodb() as endpoint:
        environ = _environ(endpoint)
        sessions = _Sessions(environ)
        starts, resident = _starts(environ)
        first_tokens = _first_tokens(environ, sessions)
        rate = _rate(environ, sessions)
    return Suite(
        title="stream function: FastAPI, authentication, DynamoDB by moto, a provider that answers at once",
        ours="chat_stream",
        peer="",
        figures=(
            _value("start to first /next, no provider SDK", "ms", statistics.median(starts) * 1e3, 600),
            _value("what /chat/stream adds before the first token", "ms", statistics.median(first_tokens) * 1e3, 40),
            Figure("tokens a second through one process", "", rate, None, 20_000, "value", smaller=False),
            _value("resident memory before a provider SDK", "MB", statistics.median(resident) / 1e6, 120),
        ),
    )


def _value(name: str, unit: str, ours: float, limit: float) -> Figure:
    return Figure(name, unit, ours, limit=limit, compare="value")


def _starts(environ: dict[str, str]) -> tuple[list[float], list[float]]:
    """The function as deployed: seconds to the first `/next`, and bytes after the first answer (a refusal)."""
    starts, resident = [], []
    for _ in range(STARTS):
        with _function("chat_stream.app.app", environ) as function:
            starts.append(function.start_seconds)
            function.invoke(_event("unknown", "nobody"))
            resident.append(float(function.resident_bytes))
    return starts, resident


def _first_tokens(environ: dict[str, str], sessions: "_Sessions") -> list[float]:
    with _function("stream_app.app", environ) as function:
        for _ in range(WARM_UP):
            _checked(function.invoke(sessions.start()), 500)
        return [_first_token_seconds(_checked(function.invoke(sessions.start()), 500)) for _ in range(SAMPLES)]


def _rate(environ: dict[str, str], sessions: "_Sessions") -> float:
    with _function("stream_app.app", environ | {"BENCH_TOKENS": str(LONG_ANSWER_TOKENS)}) as function:
        answers = [_checked(function.invoke(sessions.start()), LONG_ANSWER_TOKENS) for _ in range(LONG_ANSWERS)]
    return LONG_ANSWER_TOKENS / statistics.median(answer.seconds for answer in answers[1:])


def _checked(answer: Answer, tokens: int) -> Answer:
    if answer.body.count(b'"type":"token"') != tokens or b'"type":"done"' not in answer.body:
        raise AssertionError(f"not {tokens} tokens and done: {answer.body[-500:]!r}")
    return answer


def _first_token_seconds(answer: Answer) -> float:
    at = answer.body.index(b'"type":"token"')
    return next(seconds for seconds, received in answer.arrivals if received > at)


def _function(handler: str, environ: dict[str, str]) -> Function:
    return Function(
        [str(TASK_ROOT / "bootstrap"), sys.executable, "/var/runtime/bootstrap.py"], environ | {"_HANDLER": handler}
    )


def _environ(endpoint: str) -> dict[str, str]:
    return {
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        **FAKE_CREDENTIALS,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "LAMBDA_TASK_ROOT": str(TASK_ROOT),
        "PYTHONPATH": f"{LAYER}:{ROOT / 'bench'}",
        "SESSIONS_TABLE": "SessionsTable",
        "CHATS_TABLE": "ChatsTable",
        "USERS_TABLE": "UsersTable",
        "JWT_ISSUER": "bench",
        "JWT_AUDIENCE": "bench",
        "AUTH_SECRET": SECRET,
        "POWERTOOLS_SERVICE_NAME": "stream",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }


def _event(session_id: str, user_id: str) -> bytes:
    import jwt

    claims = {"sub": user_id, "iss": "bench", "aud": "bench", "exp": dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)}
    document = json.loads(event(f"sessionId={session_id}"))
    document["headers"]["authorization"] = f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"
    return json.dumps(document).encode()


class _Sessions:
    """Starts sessions, each in a chat of its own, as `/chat/start` does."""

    def __init__(self, environ: dict[str, str]) -> None:
        os.environ.update({name: value for name, value in environ.items() if name.startswith("AWS_")})
        from chat.dynamo import DynamoSessionStore, Tables
        from chat.settings import StorageSettings

        self._store = DynamoSessionStore(Tables(StorageSettings.from_environ(environ)))

    def start(self) -> bytes:
        """The event that opens a new session's stream."""
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
        )
        prompt = Message(ids.prompt, "alice", session_id, session_id, Role.USER, "Hello", session.model_id, now)
        self._store.start(session, prompt)
        return _event(session_id, "alice")


@contextlib.contextmanager
def _dynamodb() -> Iterator[str]:
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
