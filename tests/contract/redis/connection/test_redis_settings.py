"""Settings, keys, and what a function without Redis imports."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from chat.redis import BlockingRedisCalls, Breaker, RedisSettings, connect, keys
from chat.settings import SettingsError
from local_stack.emulator.launch import FAKE_CREDENTIALS

IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


def test_redis_is_off_without_a_url() -> None:
    assert connect(RedisSettings.from_environ({}), Breaker()) is None


def test_defaults_are_those_that_are_documented() -> None:
    settings = RedisSettings.from_environ({"REDIS_URL": "rediss://cache:6379", "REDIS_CLUSTER": "true"})
    assert settings.redis_cluster
    assert settings.redis_timeout_seconds == 0.2
    assert settings.cache_scope == "user"
    assert settings.cache_ttl_seconds == 3600


@pytest.mark.parametrize(
    "environ",
    [
        {"REDIS_URL": "http://cache"},
        {"REDIS_URL": "redis://"},
        {"REDIS_URL": "cache:6379"},
        {"CACHE_SCOPE": "world"},
        {"CACHE_TTL_SECONDS": "0"},
        {"REDIS_TIMEOUT_SECONDS": "0"},
        {"REDIS_URL": "rediss://cache", "REDIS_IAM_USER": "user"},
        {"REDIS_URL": "rediss://cache", "REDIS_CACHE_NAME": "name"},
        {"REDIS_URL": "redis://cache", "REDIS_IAM_USER": "user", "REDIS_CACHE_NAME": "name"},
        {"REDIS_URL": "rediss://u:p@cache", "REDIS_IAM_USER": "user", "REDIS_CACHE_NAME": "name"},
    ],
    ids=str,
)
def test_settings_that_do_not_fit_are_refused(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        RedisSettings.from_environ(environ)


def test_password_is_in_no_representation() -> None:
    assert "hunter2" not in repr(RedisSettings(redis_url="redis://:hunter2@cache"))


@given(IDS)
def test_keys_of_one_script_lie_in_one_slot(session_id: str) -> None:
    log = keys.log(session_id)
    assert key_slot(log.stream.encode()) == key_slot(log.control.encode())


@given(IDS, IDS)
def test_different_names_have_different_keys(one: str, other: str) -> None:
    def all_keys(name: str) -> list[str]:
        log = keys.log(name)
        return [keys.answer(name), keys.flight(name), log.stream, log.control]

    found = {*all_keys(one), *all_keys(other)}
    assert len(found) == (4 if one == other else 8)


def test_functions_that_only_stop_import_no_client() -> None:
    """The calls of threads are made at a cold start, and seldom used."""
    program = (
        "import sys\n"
        "from chat.redis import BlockingRedisCalls, Breaker, RedisSettings, connect\n"
        "connect(RedisSettings.from_environ({}), Breaker())\n"
        "BlockingRedisCalls(RedisSettings(redis_url='redis://127.0.0.1:1'), Breaker())\n"
        "print('redis' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_redis_side_imports_nothing_of_dynamodb() -> None:
    """Nothing beyond what Powertools' Logger imports by itself: a part of botocore, for its own name in user agents."""
    program = (
        "import importlib, pkgutil, sys\n"
        "from aws_lambda_powertools import Logger\n"
        "before = {*sys.modules}\n"
        "import chat.redis\n"
        "names = [module.name for module in pkgutil.walk_packages(chat.redis.__path__, 'chat.redis.')]\n"
        "assert 'chat.redis.log.codec' in names\n"
        "for name in names: importlib.import_module(name)\n"
        "of_dynamodb = ('pynamodb', 'botocore', 'boto3', 'chat.dynamo')\n"
        "print(sorted(name for name in {*sys.modules} - before if name.startswith(of_dynamodb)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


FIRST_CALL = """
import asyncio, json, sys
from chat.redis import Breaker, RedisSettings, connect
services = connect(RedisSettings(**json.loads(sys.argv[1])), Breaker())
before = {*sys.modules}
asyncio.run(services.cache.get("key"))
print(json.dumps(sorted({*sys.modules} - before)))
"""
RESOLVING = {"encodings.idna", "stringprep", "unicodedata"}
"""What Python itself imports to look up the first name of a host."""


@pytest.mark.parametrize("cluster", [False, True], ids=["one node", "cluster"])
@pytest.mark.parametrize("where", [{"redis_url": "redis://127.0.0.1:1"}, {"redis_url_secret_arn": "arn"}], ids=str)
def test_first_call_imports_nothing(where: dict[str, str], *, cluster: bool) -> None:
    """The process's start, which has more CPU, has imported it; no server answers here."""
    ran = subprocess.run(
        [sys.executable, "-c", FIRST_CALL, json.dumps(where | {"redis_cluster": cluster})],
        env=FAKE_CREDENTIALS | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {*json.loads(ran.stdout.splitlines()[-1])} <= RESOLVING


def test_calls_of_threads_connect_to_nothing_at_first() -> None:
    BlockingRedisCalls(RedisSettings(redis_url="redis://127.0.0.1:1"), Breaker())
