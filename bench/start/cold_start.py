"""Cold starts of the functions as they are deployed: `sam build`'s artefacts, started as Lambda starts them.

"start to first /next" is what Lambda bills as init, less fetching the code. Its limit is a ratio to the yardstick
(`bench.yardstick`), measured in turns with it. "and the first answer after it" shows what a first request pays beyond
that: importing or building something later saves nothing if every request needs it, because Lambda gives the start a
whole processor and an invocation only the share that its memory buys.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import boto3

from bench.figures import Figure, Suite
from bench.functions.stream_lab import SECRET, dynamodb, user_token
from bench.runtime_api import Function, event
from bench.start.artefacts import RUNTIME, Built, build
from bench.start.imports import import_seconds
from bench.yardstick import NAME, yardstick_seconds
from local_stack.emulator.launch import FAKE_CREDENTIALS, Launch, Launcher
from local_stack.sam.template import FunctionSpec, Template

STARTS = 11
STARTS_WITHOUT_BYTECODE = 3
SLOWEST = 5


@dataclass(frozen=True)
class _Subject:
    """A function, the limit of its start in yardsticks, a first event for it, and a part of the answer to that."""

    name: str
    limit: float
    first_event: Callable[[], bytes]
    expected: bytes


@dataclass(frozen=True)
class _Timings:
    """Seconds of each process."""

    starts: list[float] = field(default_factory=list)
    starts_cpu: list[float] = field(default_factory=list)
    starts_without_bytecode: list[float] = field(default_factory=list)
    first_answers: list[float] = field(default_factory=list)


def run() -> Suite:
    """Each function in turns, so that what else the machine does falls on all."""
    built = build()
    figures: list[Figure] = []
    with dynamodb() as endpoint:
        secret_arn = store_secret(endpoint)
        launcher = Launcher(lambda function: function_variables(function, endpoint, secret_arn), runtime=RUNTIME)
        measured = {subject.name: _Timings() for subject in _SUBJECTS}
        yardsticks: list[float] = []
        for number in range(STARTS):
            yardsticks.append(_yardstick(_launch(launcher, built.shipped, _SUBJECTS[0])))
            for subject in _SUBJECTS:
                _measure(
                    launcher, built, subject, measured[subject.name], without_bytecode=number < STARTS_WITHOUT_BYTECODE
                )
        for subject in _SUBJECTS:
            figures += _figures(subject, measured[subject.name], statistics.median(yardsticks))
            figures.append(_imports(_launch(launcher, built.shipped, subject)))
    return Suite(
        title=f"cold start: built artefacts, DynamoDB and Secrets Manager by moto, medians of {STARTS} processes",
        ours="as shipped",
        peer=NAME,
        figures=tuple(figures),
    )


def _figures(subject: "_Subject", measured: _Timings, yardstick: float) -> list[Figure]:
    start, cpu, without_bytecode, first_answer = (
        statistics.median(seconds) * 1e3
        for seconds in (measured.starts, measured.starts_cpu, measured.starts_without_bytecode, measured.first_answers)
    )
    return [
        Figure(
            f"{subject.name}: start to first /next",
            "ms",
            start,
            yardstick * 1e3,
            subject.limit,
            note=f"CPU {cpu:.0f}",
        ),
        Figure("  without byte code", "ms", without_bytecode, compare="value"),
        Figure("  and the first answer after it", "ms", first_answer, compare="value"),
    ]


def _http_event(method: str, path: str, query: str = "", body: object = None) -> bytes:
    document = json.loads(event(query))
    document["rawPath"] = document["requestContext"]["http"]["path"] = path
    document["requestContext"]["http"]["method"] = method
    document["headers"]["authorization"] = f"Bearer {user_token('alice')}"
    if body is not None:
        document["headers"]["content-type"] = "application/json"
        document["body"] = json.dumps(body)
    return json.dumps(document).encode()


_SUBJECTS = (
    _Subject(
        "StartFunction",
        1.3,
        lambda: _http_event("POST", "/chat/start", body={"modelId": "gpt-5.6-luna", "prompt": "Hello"}),
        b'"statusCode":201',
    ),
    _Subject("HistoryFunction", 1.25, lambda: _http_event("GET", "/chat/history"), b'"statusCode":200'),
    _Subject(
        "StreamFunction", 1.3, lambda: _http_event("GET", "/chat/stream", "sessionId=unknown"), b"session_not_found"
    ),
    _Subject("CleanupFunction", 0.85, lambda: b"{}", b"POST"),
)


def _launch(launcher: Launcher, template: Template, subject: _Subject) -> Launch:
    function = next(function for function in template.functions if function.name == subject.name)
    return launcher.launch(function, "", 1)


def store_secret(endpoint: str) -> str:
    """The secret that tokens are signed with, in Secrets Manager, from where a deployed function reads it; its ARN."""
    session = boto3.Session("local", "local", region_name=FAKE_CREDENTIALS["AWS_REGION"])
    client = session.client("secretsmanager", endpoint_url=endpoint)
    return str(client.create_secret(Name="auth", SecretString=SECRET)["ARN"])


def function_variables(function: FunctionSpec, endpoint: str, secret_arn: str) -> dict[str, str]:
    """A function's environment: the template's, with local services."""
    own = {name: value for name, value in function.environment.items() if not name.endswith("_ARN")}
    if "AUTH_SECRET_ARN" in function.environment:
        own["AUTH_SECRET_ARN"] = secret_arn
    return own | {
        "JWT_ISSUER": "bench",
        "JWT_AUDIENCE": "bench",
        "JWKS_URL": "",
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": endpoint,
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }


def _measure(launcher: Launcher, built: Built, subject: _Subject, into: _Timings, *, without_bytecode: bool) -> None:
    launch = _launch(launcher, built.shipped, subject)
    payload = subject.first_event()
    with Function(launch.command, launch.env, launch.cwd) as function:
        into.starts.append(function.start_seconds)
        into.starts_cpu.append(function.cpu_seconds)
        started = time.perf_counter()
        answer = function.invoke(payload)
        into.first_answers.append(time.perf_counter() - started)
    if subject.expected not in answer.body.replace(b" ", b""):
        raise AssertionError(answer.body)
    if without_bytecode:
        launch = _launch(launcher, built.without_bytecode, subject)
        with Function(launch.command, launch.env, launch.cwd) as function:
            into.starts_without_bytecode.append(function.start_seconds)


def _yardstick(launch: Launch) -> float:
    """With the libraries of the artefacts, as the functions have them."""
    return yardstick_seconds(RUNTIME / "bin/python", {"PATH": os.environ["PATH"], **launch.env}, launch.cwd)


def _imports(launch: Launch) -> Figure:
    """The time of all imports, the slowest named; with the runtime client's, which is nearly nothing."""
    module = launch.env["_HANDLER"].rpartition(".")[0]
    environ = {"PATH": os.environ["PATH"], **launch.env}
    packages = import_seconds(str(RUNTIME / "bin/python"), module, environ, launch.cwd)
    slowest = sorted(packages, key=packages.__getitem__, reverse=True)[:SLOWEST]
    note = ", ".join(f"{name} {packages[name] * 1e3:.0f}" for name in slowest)
    return Figure("  its imports, one by one", "ms", sum(packages.values()) * 1e3, compare="value", note=note)
