"""The cleanup on Amazon's DynamoDB Local: with a backlog of ten thousand expired sessions, and with nothing to do."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from importlib import import_module

from bench.figures import Figure, Suite
from bench.functions.stream_lab import ROOT, environ_for
from chat.dynamo import Tables
from chat.dynamo.items import SessionItem
from chat.dynamo.mapping import session_item
from chat.ids import least_id, new_id, new_message_ids
from chat.messages import MessageKind
from chat.sessions import Session
from chat.settings import StorageSettings
from chat_cleanup.composition import compose
from local_stack.sam.template import read_template
from local_stack.services.dynamodb import create_tables

SESSIONS = 10_000
LIMIT_SECONDS = 60
LAMBDA_SECONDS = 120
BEGUN_AGO_SECONDS = 1200
SESSION_SECONDS = 600


def run() -> Suite:
    """Times two runs: one with the backlog, then one with nothing to do."""
    server: AbstractContextManager[str] = import_module("fakes.dynamodb.local").dynamodb_local()
    with server as endpoint:
        environ = environ_for(endpoint) | {"POWERTOOLS_METRICS_DISABLED": "true"}
        os.environ.update(environ)
        create_tables(endpoint, read_template(ROOT / "template.yaml"))
        _fill(Tables(StorageSettings.from_environ(environ)))
        seconds, cpu_seconds = _timed_run(environ, expired=SESSIONS)
        nothing_seconds, _ = _timed_run(environ, expired=0)
    return Suite(
        title="cleanup, with DynamoDB Local",
        ours="chat_cleanup",
        peer="",
        figures=(
            Figure(f"{SESSIONS:,} expired sessions removed", "s", seconds, limit=LIMIT_SECONDS, compare="value"),
            Figure("CPU of that", "s", cpu_seconds),
            Figure("a run that finds nothing", "s", nothing_seconds),
        ),
    )


def _fill(tables: Tables) -> None:
    with tables.sessions.batch_write() as batch:
        for item in _expired_sessions(tables):
            batch.save(item)


def _expired_sessions(tables: Tables) -> Iterator[SessionItem]:
    """Started twenty minutes ago and never streamed."""
    began = time.time() - BEGUN_AGO_SECONDS
    for number in range(SESSIONS):
        ids = new_message_ids(began)
        session = Session(
            session_id=least_id(began)[:10] + new_id()[10:],
            user_id=f"user-{number % 100}",
            chat_id=f"chat-{number}",
            model_id="gpt-5.6-luna",
            kind=MessageKind.CHAT,
            prompt_message_id=ids.prompt,
            answer_message_id=ids.answer,
            created_at=began,
            expires_at=began + SESSION_SECONDS,
        )
        yield session_item(tables.sessions, session, None)


def _timed_run(environ: Mapping[str, str], *, expired: int) -> tuple[float, float]:
    """Seconds, and CPU seconds, of a run on new connections."""
    cleanup = compose(environ)
    began, cpu = time.perf_counter(), time.process_time()
    found = cleanup.run(lambda: began + LAMBDA_SECONDS - time.perf_counter())
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    if (found["SessionsExpired"], found["CleanupFailures"]) != (expired, 0):
        raise AssertionError(f"expected {expired} expired sessions and no failures: {found}")
    return seconds, cpu_seconds
