"""`scripts/set_secret.py` with a stack and its secrets in moto: what it writes, and that it shows nothing."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

import set_secret
from chat.auth import AuthSecret, Signer
from chat.auth.secrets import SecretsManagerSource
from chat.ids import new_id
from chat.secrets_manager import secrets_provider

OLD = "the-old-secret-of-these-tests-0123456789"
NEW = "the-new-secret-of-these-tests-0123456789"
ADDRESS = "rediss://chat:pass-of-these-tests@redis.example.com:6380"
SHOWN_BY_NOBODY = ("the-old-secret", "the-new-secret", "pass-of-these-tests", "key-of-these-tests")


@pytest.fixture(scope="module")
def aws() -> Iterator[Mapping[str, str]]:
    """The variables that lead to moto."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    server.stop()


class Deployment:
    """A stack with the outputs of the template's."""

    def __init__(self) -> None:
        self.name = f"stack-{new_id()}"
        with closing(boto3.client("secretsmanager")) as client:
            self.arns = {
                output: client.create_secret(Name=new_id(), SecretString="{}")["ARN"]
                for output in set_secret.OUTPUTS.values()
            }
        template = {
            "Resources": {"Any": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {name: {"Value": arn} for name, arn in self.arns.items()},
        }
        with closing(boto3.client("cloudformation")) as client:
            client.create_stack(StackName=self.name, TemplateBody=json.dumps(template))

    def read(self, secret: str) -> Any:
        with closing(boto3.client("secretsmanager")) as client:
            return client.get_secret_value(SecretId=self.arns[set_secret.OUTPUTS[secret]])["SecretString"]

    def write(self, secret: str, text: str) -> None:
        with closing(boto3.client("secretsmanager")) as client:
            client.put_secret_value(SecretId=self.arns[set_secret.OUTPUTS[secret]], SecretString=text)

    def set(self, *arguments: str, **options: Any) -> int:
        return set_secret.main([self.name, *arguments], **options)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def deployment(aws: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    for name, value in aws.items():
        monkeypatch.setenv(name, value)
    secrets_provider.cache_clear()
    yield Deployment()
    secrets_provider.cache_clear()


@pytest.fixture(autouse=True)
def _nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    shown = "".join(capsys.readouterr())
    assert not [text for text in SHOWN_BY_NOBODY if text in shown]


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """On the standard input, through a pipe."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_new_key_leaves_the_old_one_valid(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also in a process that runs meanwhile."""
    deployment.write("jwt", json.dumps({"current": OLD}))
    running = Signer(SecretsManagerSource(deployment.arns["AuthSecretArn"]), label="test")
    before = running.sign(b"payload")
    (tmp_path / "key").write_text(f"{NEW}\n")

    assert deployment.set("jwt", str(tmp_path / "key")) == 0

    assert json.loads(deployment.read("jwt")) == {"current": NEW, "previous": OLD}
    assert running.open(before) == b"payload"
    assert running.open(Signer(lambda: AuthSecret(NEW.encode()), label="test").sign(b"new")) == b"new"


def test_key_is_made_and_the_one_before_forgotten(deployment: Deployment) -> None:
    deployment.write("jwt", json.dumps({"current": OLD}))
    assert deployment.set("jwt", "--generate") == 0
    made = json.loads(deployment.read("jwt"))
    assert made["previous"] == OLD
    assert len(made["current"]) == 64
    assert deployment.set("jwt", "--only-current") == 0
    assert json.loads(deployment.read("jwt")) == {"current": made["current"]}


@pytest.mark.parametrize("text", ["short", "", OLD])
def test_key_that_is_none_or_not_new_changes_nothing(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    deployment.write("jwt", json.dumps({"current": OLD, "previous": NEW}))
    typed(monkeypatch, text)
    assert deployment.set("jwt") == 1
    assert json.loads(deployment.read("jwt")) == {"current": OLD, "previous": NEW}


def test_provider_keys_are_asked_for_and_the_others_stay(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.write("providers", json.dumps({"OPENAI_API_KEY": "a", "XAI_API_KEY": "b"}))
    monkeypatch.setattr(sys, "stdin", Terminal())
    answers = {"OPENAI_API_KEY": "key-of-these-tests", "ANTHROPIC_API_KEY": " c "}
    assert deployment.set("providers", ask=lambda prompt: answers.get(prompt.partition(" ")[0], "")) == 0
    assert json.loads(deployment.read("providers")) == {
        "OPENAI_API_KEY": "key-of-these-tests",
        "ANTHROPIC_API_KEY": "c",
        "XAI_API_KEY": "b",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        '{"OPENAI_API_KEY": 5}',
        '{"OPENAI_KEY": "key-of-these-tests"}',
        "{}",
        '{"OPENAI_API_KEY": " "}',
        '{"OPENAI_API_KEY": "key-of-these-tests\\nX-Header: 1"}',
        '{"OPENAI_API_KEY": "“key-of-these-tests”"}',
    ],
)
def test_what_are_no_provider_keys_change_nothing(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    typed(monkeypatch, text)
    assert deployment.set("providers") == 1
    assert deployment.read("providers") == "{}"


@pytest.mark.parametrize("typed_key", ["key of these tests", "“key-of-these-tests”"])
def test_typed_key_that_is_none_changes_nothing(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, typed_key: str
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert deployment.set("providers", ask=lambda _: typed_key) == 1
    assert deployment.read("providers") == "{}"


@pytest.mark.parametrize("text", ["-", "[]"])
def test_provider_keys_replace_a_malformed_secret(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    deployment.write("providers", text)
    typed(monkeypatch, '{"OPENAI_API_KEY": "key-of-these-tests"}')
    assert deployment.set("providers") == 0
    assert json.loads(deployment.read("providers")) == {"OPENAI_API_KEY": "key-of-these-tests"}


@pytest.mark.parametrize("argument", [(), ("-",)])
def test_address_of_redis_comes_from_the_standard_input(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, argument: tuple[str, ...]
) -> None:
    typed(monkeypatch, f"{ADDRESS}\n")
    assert deployment.set("redis", *argument) == 0
    assert deployment.read("redis") == ADDRESS


def test_address_without_tls_changes_nothing(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, ADDRESS.replace("rediss", "redis"))
    assert deployment.set("redis") == 1
    assert deployment.read("redis") == "{}"


def test_missing_stack_is_an_error(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    assert set_secret.main(["nowhere", "jwt", "--generate"]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_secret_as_an_argument_is_refused_and_not_shown(deployment: Deployment) -> None:
    """It would be a file's name, and there is no such file."""
    assert deployment.set("redis", ADDRESS) == 1
    assert deployment.read("redis") == "{}"


def test_command_reads_a_pipe(deployment: Deployment, aws: Mapping[str, str]) -> None:
    command = [sys.executable, set_secret.__file__, deployment.name, "redis"]
    done = subprocess.run(
        command, input=ADDRESS, env=os.environ | aws, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Set: the address of Redis. Secret: arn:")
    assert deployment.read("redis") == ADDRESS
