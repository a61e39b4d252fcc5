"""`events/`: current, and understood by what `sam build` made under AWS's own Runtime Interface Emulator."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import jwt
import pytest
from moto.server import ThreadedMotoServer

from artefacts.deployed import allowed
from artefacts.gate import Gate, Rights
from artefacts.policies import Permission
from artefacts.sam import ROOT, build_for_this_machine
from artefacts.transformed import ISSUER, source_template
from fakes.providers.demo_process import DemoProcess, demo_process
from fakes.sse import check_stream, parse, text_of
from integration.lambda_asgi.runtime import rie
from integration.lambda_asgi.runtime.strict_reading import NULS
from local_stack.emulator.launch import FAKE_CREDENTIALS, make_runtime
from local_stack.sam.template import read_template
from local_stack.services.dynamodb import create_tables
from template.checks.stack import Stack

pytestmark = pytest.mark.timeout(300)

KEY = "the-key-of-the-issuer-in-these-tests-0123"
PATHS = {"start", "stop", "stream", "history", "models"}
SECRETS = {"AuthSecret": {"current": KEY}, "ProviderKeysSecret": {"OPENAI_API_KEY": "none"}}

type Invoke = Callable[[str, Mapping[str, Any]], Any]


def make_events(folder: Path, **options: str) -> dict[str, dict[str, Any]]:
    """What the script writes, by file name."""
    arguments = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    script = [sys.executable, str(ROOT / "scripts/make_events.py"), "--into", str(folder), *arguments]
    subprocess.run(script, check=True, timeout=60)
    return {file.stem: json.loads(file.read_text()) for file in folder.iterdir()}


@dataclass(frozen=True, slots=True)
class Account:
    """Tables and secrets as a deployed stack has them, on moto, behind the template's policies."""

    gate: Gate
    provider: DemoProcess

    def environ(self, function: str) -> dict[str, str]:
        aws = {"AWS_ENDPOINT_URL": self.gate.url, "AWS_SDK_UA_APP_ID": function}
        return {**FAKE_CREDENTIALS, **aws, **self.provider.environ}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        create_tables(address, read_template(ROOT / "template.yaml"))
        client = boto3.client(
            "secretsmanager",
            endpoint_url=address,
            region_name=FAKE_CREDENTIALS["AWS_REGION"],
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        for name, content in SECRETS.items():
            client.create_secret(Name=name, SecretString=json.dumps(content))
        with Gate(address, Rights(allowed())) as gate, demo_process() as provider:
            yield Account(gate, provider)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def invoke(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Invoke]:
    """Gives an event to a built function, which the emulator starts with the template's environment alone."""
    built = build_for_this_machine(tmp_path_factory)
    try:
        emulator = rie.emulator()
    except rie.EmulatorMissingError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("rie")
    python = make_runtime(folder / "runtime")
    urls: dict[str, str] = {}
    with ExitStack() as running:

        def give(function: str, event: Mapping[str, Any]) -> Any:
            if function not in urls:
                command, environ = launch(built, function, python)
                log = folder / f"{function}.log"
                emulated = rie.emulated(emulator, command, environ | account.environ(function), log)
                urls[function] = running.enter_context(emulated)
            return rie.invoke(urls[function], json.dumps(event).encode())

        yield give


def launch(built: Path, function: str, python: str) -> tuple[list[str], dict[str, str]]:
    """Command and environment: in Lambda the artefacts are /var/task and /opt, and both are on the path."""
    stack = Stack(source_template(), {})
    task = built / function
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(task), str(built / "CommonLayer/python")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(task),
        "_HANDLER": stack.properties(function)["Handler"],
        **stack.variables(function),
    }
    if "AWS_LAMBDA_EXEC_WRAPPER" in environ:
        return [str(task / "bootstrap"), python, "/var/runtime/bootstrap.py"], environ
    return [python, "-m", "awslambdaric", environ["_HANDLER"]], environ


@pytest.fixture(scope="module")
def token() -> str:
    claims = {"sub": "alice", "iss": ISSUER, "aud": "chat-sse", "exp": time.time() + 600}
    return jwt.encode(claims, KEY, algorithm="HS256")


def test_events_are_what_the_script_makes(tmp_path: Path) -> None:
    committed = {file.stem: json.loads(file.read_text()) for file in (ROOT / "events").iterdir()}
    assert make_events(tmp_path) == committed
    assert committed.keys() == {*PATHS, "cleanup"}


def test_every_path_and_every_schedule_has_an_event(tmp_path: Path) -> None:
    events = make_events(tmp_path)
    functions = read_template(ROOT / "template.yaml").functions
    paths = {path for function in functions for path in function.paths}
    assert {event["rawPath"] for event in events.values() if "rawPath" in event} == paths
    assert len(events) == len(paths) + sum(len(function.schedules) for function in functions)


def test_committed_events_start_the_functions_and_are_refused(invoke: Invoke) -> None:
    """They hold no token that anybody would accept."""
    for name, function in (("start", "StartFunction"), ("stop", "StartFunction"), ("models", "HistoryFunction")):
        answer = json.loads(invoke(function, json.loads((ROOT / f"events/{name}.json").read_text())))
        assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (401, "token_invalid")


def test_events_hold_a_conversation(invoke: Invoke, account: Account, token: str, tmp_path: Path) -> None:
    """One after the other, as a developer tries the built functions."""
    events = make_events(tmp_path, token=token)
    started = json.loads(invoke("StartFunction", events["start"]))
    assert started["statusCode"] == 201, started
    session = json.loads(started["body"])

    events = make_events(tmp_path, token=token, session_id=session["sessionId"], chat_id=session["chatId"])
    prelude, _, body = invoke("StreamFunction", events["stream"]).partition(NULS)
    assert json.loads(prelude)["statusCode"] == 200
    assert json.loads(prelude)["headers"]["content-type"].startswith("text/event-stream")
    stream = parse(body)
    check_stream(stream)
    assert stream[-1].type == "done"

    history = json.loads(invoke("HistoryFunction", events["history"]))
    assert [message["content"] for message in json.loads(history["body"])["messages"]] == [
        json.loads(events["start"]["body"])["prompt"],
        text_of(stream),
    ]
    models = json.loads(invoke("HistoryFunction", events["models"]))
    assert len(json.loads(models["body"])["models"]) == 10
    stopped = json.loads(invoke("StartFunction", events["stop"]))
    assert json.loads(stopped["body"]) == {"sessionId": session["sessionId"], "state": "completed"}
    assert account.gate.rights.denied == []
    assert secrets(account.gate.rights.used) == secrets(allowed())


def secrets(rights: Mapping[str, set[Permission]]) -> dict[str, set[str]]:
    """The secrets that each function reads, or may read."""
    return {
        function: {item.resource for item in permitted if item.action == "secretsmanager:GetSecretValue"}
        for function, permitted in rights.items()
    }


def test_scheduled_event_runs_the_cleanup(invoke: Invoke, tmp_path: Path) -> None:
    tally = json.loads(invoke("CleanupFunction", make_events(tmp_path)["cleanup"]))
    assert "errorMessage" not in tally
    assert tally["CleanupFailures"] == 0
