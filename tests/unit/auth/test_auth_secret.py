"""The auth secret: its two forms, and where it is kept."""

import json
import os
from collections.abc import Iterator
from typing import Any, Never

import boto3
import pytest
from moto import mock_aws

from chat.auth import AuthSecret, Signer, StreamTokens, build_secret_source
from chat.auth.secrets import PAUSE_SECONDS, REREAD_SECONDS, SecretFormatError, SecretsManagerSource, accepted_keys
from chat.errors import KeysUnavailableError
from chat.secrets_manager import secrets_provider
from chat.settings import AuthSettings
from fakes.clock import FakeClock

OLD = "the-old-secret-of-these-tests-0123456789"
NEW = "the-new-secret-of-these-tests-0123456789"


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    secrets_provider.cache_clear()
    with mock_aws():
        yield boto3.client("secretsmanager")
    secrets_provider.cache_clear()


def test_a_plain_string_is_the_secret() -> None:
    assert AuthSecret.parse(OLD).accepted == (OLD.encode(),)


def test_a_string_that_only_looks_like_json_is_the_secret_too() -> None:
    assert AuthSecret.parse("{" + OLD).current == b"{" + OLD.encode()
    assert AuthSecret.parse("1" * 40).current == b"1" * 40


def test_the_json_form_names_current_and_previous() -> None:
    assert AuthSecret.parse(json.dumps({"current": NEW})).accepted == (NEW.encode(),)
    secret = AuthSecret.parse(json.dumps({"current": NEW, "previous": OLD}))
    assert (secret.current, secret.accepted) == (NEW.encode(), (NEW.encode(), OLD.encode()))


@pytest.mark.parametrize(
    "text",
    ["short", json.dumps({"previous": OLD}), json.dumps({"current": "x"}), json.dumps({"current": NEW, "previous": 7})],
)
def test_a_secret_that_cannot_be_used_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(SecretFormatError) as caught:
        AuthSecret.parse(text)
    assert OLD not in str(caught.value)
    assert NEW not in str(caught.value)


def test_a_secret_does_not_show_itself() -> None:
    assert OLD not in repr(AuthSecret.parse(OLD))


def test_the_secret_comes_from_secrets_manager_and_is_kept(secrets_manager: Any) -> None:
    arn = secrets_manager.create_secret(Name="auth", SecretString=json.dumps({"current": OLD}))["ARN"]
    settings = AuthSettings(jwt_issuer="i", jwt_audience="a", auth_secret_arn=arn)
    source = build_secret_source(settings)
    assert source().current == OLD.encode()
    secrets_manager.put_secret_value(SecretId=arn, SecretString=json.dumps({"current": NEW}))
    assert source().current == OLD.encode()


def test_rotated_secret_is_read_after_the_cache_time(secrets_manager: Any) -> None:
    arn = secrets_manager.create_secret(Name="auth", SecretString=OLD)["ARN"]
    source = SecretsManagerSource(arn, cache_seconds=0)
    assert source().current == OLD.encode()
    secrets_manager.put_secret_value(SecretId=arn, SecretString=json.dumps({"current": NEW, "previous": OLD}))
    assert source().accepted == (NEW.encode(), OLD.encode())


def test_while_secrets_manager_does_not_answer_the_last_secret_holds(secrets_manager: Any) -> None:
    arn = secrets_manager.create_secret(Name="auth", SecretString=OLD)["ARN"]
    source = SecretsManagerSource(arn, cache_seconds=0)
    source()
    secrets_manager.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    assert source().current == OLD.encode()


def test_while_secrets_manager_does_not_answer_requests_do_not_wait_for_it_one_after_the_other(
    secrets_manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = secrets_manager.create_secret(Name="auth", SecretString=OLD)["ARN"]
    clock = FakeClock()
    source = SecretsManagerSource(arn, cache_seconds=0, monotonic=clock.now)
    source()
    asked: list[str] = []

    def fail(name: str, **_: Any) -> Never:
        asked.append(name)
        raise TimeoutError

    with monkeypatch.context() as outage:
        outage.setattr(secrets_provider(), "_get", fail)
        for _ in range(3):
            assert source().current == source.again().current == OLD.encode()
    assert len(asked) == 1
    clock.advance(PAUSE_SECONDS)
    secrets_manager.put_secret_value(SecretId=arn, SecretString=NEW)
    assert source().current == NEW.encode()


def test_a_secret_that_cannot_be_read_is_a_503(secrets_manager: Any) -> None:
    region = os.environ["AWS_DEFAULT_REGION"]
    source = SecretsManagerSource(f"arn:aws:secretsmanager:{region}:123456789012:secret:absent-AbCdEf")
    with pytest.raises(KeysUnavailableError) as caught:
        source()
    assert (caught.value.http_status, caught.value.retryable) == (503, True)


def test_unusable_rotation_does_not_affect_running_processes(secrets_manager: Any) -> None:
    arn = secrets_manager.create_secret(Name="auth", SecretString=OLD)["ARN"]
    source = SecretsManagerSource(arn, cache_seconds=0)
    source()
    secrets_manager.put_secret_value(SecretId=arn, SecretString="short")
    assert source().current == OLD.encode()
    with pytest.raises(SecretFormatError):
        SecretsManagerSource(arn, cache_seconds=0)()


def test_what_another_process_signs_after_a_rotation_is_accepted_at_once(secrets_manager: Any) -> None:
    """Though this one read the secret a moment ago; and what it signed itself stays valid."""
    arn = secrets_manager.create_secret(Name="auth", SecretString=json.dumps({"current": OLD}))["ARN"]
    clock = FakeClock()
    tokens = StreamTokens(SecretsManagerSource(arn, monotonic=clock.now), clock)
    before = tokens.sign("session", "alice", clock.now() + 600)
    assert tokens.verify(before, "session") == "alice"
    secrets_manager.put_secret_value(SecretId=arn, SecretString=json.dumps({"current": NEW, "previous": OLD}))
    other = StreamTokens(lambda: AuthSecret(NEW.encode()), clock)
    assert tokens.verify(other.sign("session", "bob", clock.now() + 600), "session") == "bob"
    assert tokens.verify(before, "session") == "alice"
    assert other.verify(tokens.sign("session", "alice", clock.now() + 600), "session") == "alice"


def test_made_up_tokens_are_no_reason_to_ask_again_and_again(
    secrets_manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = secrets_manager.create_secret(Name="auth", SecretString=OLD)["ARN"]
    clock = FakeClock()
    source = SecretsManagerSource(arn, monotonic=clock.now)
    asked: list[str] = []
    get = secrets_provider()._get

    def counted(name: str, **options: Any) -> Any:
        asked.append(name)
        return get(name, **options)

    monkeypatch.setattr(secrets_provider(), "_get", counted)
    for _ in range(3):
        assert Signer(source, label="test").open("made.up") is None
    assert len(asked) == 2
    clock.advance(REREAD_SECONDS)
    assert list(accepted_keys(source)) == [OLD.encode()]
    assert len(asked) == 3
