"""Settings that are given in the environment of the stack."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import pytest

from fakes.network.free_ports import NOBODY
from fakes.stack.process import RunningStack, running_stack, start_stack


@pytest.fixture(scope="module")
def given() -> Iterator[RunningStack]:
    environ = {
        "CACHE_SCOP": "global",
        "DEFAULT_TIER": "ENTERPRISE",
        "JWT_ISSUER": "somebody-else",
        "LOG_LEVEL": "debug",
        "MAX_PROMPT_CHARS": "5",
        "REDIS_URL": f"redis://user:secret@{NOBODY}",
        "UNRELATED": "1",
        "USERS_TABLE": "OtherUsers",
    }
    with running_stack(environ=environ) as stack:
        yield stack


def test_tokens_of_another_issuer_are_not_made_here() -> None:
    environ = {"JWT_ALGORITHM": "RS256", "JWKS_URL": f"http://{NOBODY}/keys"}
    with running_stack(environ=environ) as stack:
        response = httpx.get(f"{stack.url}/local/token?user=alice")

    assert (response.status_code, response.json()["code"]) == (409, "tokens_from_elsewhere")


def start(stack: RunningStack, prompt: str) -> httpx.Response:
    models = httpx.get(f"{stack.url}/chat/models", headers=signed_in(stack), timeout=30).json()["models"]
    body = {"modelId": models[0]["id"], "prompt": prompt}
    return httpx.post(f"{stack.url}/chat/start", json=body, headers=signed_in(stack), timeout=30)


def signed_in(stack: RunningStack) -> dict[str, str]:
    return {"authorization": f"Bearer {stack.token('alice')}"}


def test_functions_setting_is_used_and_shown(given: RunningStack) -> None:
    response = start(given, "too long")

    assert response.status_code == 422
    assert "5" in json.dumps(response.json()["errors"])
    assert (
        "Settings from the environment: DEFAULT_TIER, JWT_ISSUER, MAX_PROMPT_CHARS, POWERTOOLS_LOG_LEVEL, REDIS_URL, "
        "USERS_TABLE." in given.log()
    )


def test_given_issuer_is_the_one_of_local_tokens(given: RunningStack) -> None:
    claims = jwt.decode(given.token("alice"), options={"verify_signature": False})

    assert claims["iss"] == "somebody-else"
    assert httpx.get(f"{given.url}/chat/models", headers=signed_in(given), timeout=30).status_code == 200


def test_unreachable_redis_is_reported_and_the_stack_runs_without(given: RunningStack) -> None:
    assert start(given, "Hi").status_code == 201
    line = next(line for line in given.log().splitlines() if "Redis on 127.0.0.1:" in line)
    assert line.endswith("): the stack runs without it.")
    assert "secret" not in given.log()


def test_misspelled_setting_is_reported(given: RunningStack) -> None:
    assert "CACHE_SCOP is not a setting: did you mean CACHE_SCOPE?" in given.log()
    assert "UNRELATED" not in given.log()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("AWS_ENDPOINT_URL_DYNAMODB", "localhost:8000", "must be http://host:port or https://host:port"),
        ("CACHE_SCOPE", "everyone", "must be one of user, global, not 'everyone'."),
        ("DEMO_TOKENS_PER_SECOND", "fast", "must be a number from 0 (as fast as possible), not 'fast'."),
        ("FRESH", "maybe", "must be 1 or 0, not 'maybe'."),
        ("LEASE_SECONDS", "long", "Input should be a valid number"),
        ("LEASE_SECONDS", "1", "must be at least twice STOP_POLL_SECONDS and CHECKPOINT_SECONDS."),
        ("LOG_LEVEL", "loud", "must be one of DEBUG,"),
        ("PROVIDER_FIRST_TOKEN_SECONDS", "-1", "Input should be greater than 0."),
        ("REDIS_URL", "foo", "must be redis://host:port or rediss://host:port."),
    ],
)
def test_setting_that_does_not_fit_is_one_sentence(tmp_path: Path, name: str, value: str, told: str) -> None:
    process = start_stack(["--state", str(tmp_path)], {name: value}, tmp_path / "log")

    assert process.wait(60) == 2
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert name in line
    assert told in line


def test_address_of_a_provider_without_a_scheme_is_one_sentence(tmp_path: Path) -> None:
    from local_stack.providers import provider_names

    name = f"{provider_names()[0].upper()}_BASE_URL"
    process = start_stack(["--state", str(tmp_path)], {name: "localhost:11434/v1"}, tmp_path / "log")

    assert process.wait(60) == 2
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert line == f"{name} must be http://host:port or https://host:port, not 'localhost:11434/v1'."
