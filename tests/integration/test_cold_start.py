"""What a function's process imports before its first event: what every request needs, and nothing that few need.

Each is a process of its own, started as Lambda starts it: everything else would have been imported by another test.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from fakes.dynamodb.tables import TEMPLATE
from fakes.functions.buffered import ENVIRON, SECRET, token, url_event
from local_stack.emulator.launch import FAKE_CREDENTIALS
from local_stack.sam.template import read_template
from local_stack.services.dynamodb import create_tables

PROVIDERS = {"openai", "anthropic", "httpx2"}
"""The SDKs, imported when a model of theirs is first asked."""

NEEDED_BY_FEW = PROVIDERS | {
    "aws_lambda_powertools.utilities.idempotency",  # by requests with an Idempotency-Key
    "aws_lambda_powertools.utilities.parameters",  # where a secret is in Secrets Manager
    "boto3",  # by those two
    "moto",
    "pydantic.v1",
    "redis",  # where REDIS_URL is set
}
HTTP = {"fastapi", "starlette", "mangum"}
READY = {"jwt", "fastapi", "botocore.client"}

RESOLVING = {"encodings.idna", "stringprep", "unicodedata"}
"""What Python itself imports to look up the first name of a host."""


@dataclass(frozen=True)
class Function:
    """What its module must have imported, and must not have."""

    module: str
    ready: frozenset[str]
    later: frozenset[str]


FUNCTIONS = (
    Function("chat_start.app", frozenset(READY | {"limits", "mangum"}), frozenset(NEEDED_BY_FEW)),
    Function("chat_stream.app", frozenset(READY), frozenset(NEEDED_BY_FEW | {"mangum", "limits"})),
    Function("chat_history.app", frozenset(READY | {"mangum"}), frozenset(NEEDED_BY_FEW | {"limits", "chat.redis"})),
    Function(
        "chat_cleanup.app",
        frozenset({"botocore.client"}),
        frozenset(NEEDED_BY_FEW | HTTP | {"jwt", "cryptography", "limits"}),
    ),
)

IMPORT = """
import gc, json, sys
from importlib import import_module
import_module({module!r})
models = sys.modules.get("fastapi.openapi.models")
print(json.dumps({{
    "modules": list(sys.modules),
    "openapi_built": bool(models and models.OpenAPI.__pydantic_complete__),
    "collects": gc.isenabled(),
    "frozen": gc.get_freeze_count(),
}}))
"""

ANSWER = """
import json, sys
from importlib import import_module
app = import_module({module!r})
before = set(sys.modules)
answer = app.handler(json.load(sys.stdin), None)
print(json.dumps({{"status": answer["statusCode"], "imported": sorted(set(sys.modules) - before)}}))
"""


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.module)
def test_a_process_starts_with_what_every_request_needs(function: Function) -> None:
    started = run(IMPORT.format(module=function.module), ENVIRON)
    modules = set(started["modules"])
    assert not function.later & modules
    assert function.ready <= modules
    assert not started["openapi_built"]
    assert started["collects"]
    # lambda_asgi does it for the stream function.
    assert (started["frozen"] > 0) is (function.module != "chat_stream.app")


@pytest.fixture(scope="module")
def deployed() -> Iterator[dict[str, str]]:
    """The variables of a function whose secret is in Secrets Manager, on moto's server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    create_tables(endpoint, read_template(TEMPLATE))
    session = boto3.Session("local", "local", region_name=FAKE_CREDENTIALS["AWS_REGION"])
    with closing(session.client("secretsmanager", endpoint_url=endpoint)) as client:
        secret = client.create_secret(Name="auth", SecretString=SECRET)
    variables = {name: value for name, value in ENVIRON.items() if name != "AUTH_SECRET"}
    yield variables | {
        "AUTH_SECRET_ARN": secret["ARN"],
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": endpoint,
    }
    server.stop()


@pytest.mark.parametrize(
    ("module", "request_line", "body", "status"),
    [
        ("chat_start.app", "POST /chat/start", b'{"modelId": "gpt-5.6-luna", "prompt": "Hello"}', 201),
        ("chat_history.app", "GET /chat/history", b"", 200),
    ],
)
def test_the_first_request_imports_nothing(
    deployed: Mapping[str, str], module: str, request_line: str, body: bytes, status: int
) -> None:
    method, path = request_line.split()
    headers = {"authorization": f"Bearer {token('alice')}", "content-type": "application/json"}
    event = url_event(method, path, query={}, headers=headers, cookies=[], body=body)
    answered = run(ANSWER.format(module=module), deployed, event)
    assert answered["status"] == status
    assert set(answered["imported"]) <= RESOLVING


def run(script: str, environ: Mapping[str, str], event: object = None) -> Any:
    """What the script prints last: metrics are printed too."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(event),
        env={**FAKE_CREDENTIALS, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
