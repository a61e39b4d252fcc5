"""scripts/costing/usage.toml matches the billed resources that one chat uses, measured on a running stack."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import redis

from costing.data import read_usage
from fakes.dynamodb.local import dynamodb_local
from fakes.dynamodb.meter import DynamoDBMeter, dynamodb_meter
from fakes.stack.frontend import Frontend
from fakes.stack.process import RunningStack, running_stack

LINE_BYTES = 26
"""CloudWatch's overhead for each log event."""

TOLERANCE = {"write_units": 0.15, "read_units": 0.3, "log_bytes": 0.35, "sent_bytes": 0.15, "cache_units": 0.35}
IDLE_TOLERANCE = {"cleanup_read_units": 0.2, "cleanup_write_units": 0.2, "cleanup_log_bytes": 0.35}

pytestmark = pytest.mark.timeout(150)


MODES = ("none", "redis")

type Usage = tuple[Mapping[str, float], Mapping[str, float]]
"""The measured values, and those of the file."""


@pytest.fixture(scope="module")
def usages() -> Mapping[str, Usage]:
    """Without Redis and with it, in parallel: most of the time is spent waiting for tokens."""
    with ThreadPoolExecutor(len(MODES)) as pool:
        return dict(zip(MODES, pool.map(_usage, MODES), strict=True))


@pytest.fixture(params=MODES)
def usage(usages: Mapping[str, Usage], request: pytest.FixtureRequest) -> Usage:
    return usages[request.param]


def _usage(mode: str) -> Usage:
    variables = {"REDIS_URL": ""} if mode == "none" else {}
    with ExitStack() as stack:
        meter, url = stack.enter_context(dynamodb_meter(stack.enter_context(dynamodb_local())))
        environ = {"AWS_ENDPOINT_URL_DYNAMODB": url}
        running = stack.enter_context(running_stack(environ=environ, variables=variables))
        frontend = stack.enter_context(Frontend(running, "alice"))
        idle = _measure_cleanup(running, frontend, meter)
        written = read_usage()
        return _measure(running, frontend, meter) | idle, written.measured[mode] | written.idle


def _measure(running: RunningStack, frontend: Frontend, meter: DynamoDBMeter) -> dict[str, float]:
    chat = read_usage().chat
    ended = _invocations(running)
    frontend.ask("[demo:tokens=2 rate=0]")  # warms up: starts the processes and creates the user
    running.wait_for(lambda: _invocations(running) == ended + 2)
    server = redis.Redis.from_url(running.address_of("redis"))
    commands, printed = _commands(server), len(running.log())
    meter.reset()

    tokens, rate, wait = (int(chat["output_tokens"]), chat["tokens_per_second"], chat["first_token_seconds"])
    directives = f"[demo:tokens={tokens} rate={rate} slow-first={wait}]"
    session = frontend.start("word " * (int(chat["prompt_chars"]) // 5) + directives)
    with frontend.client.stream("GET", "/chat/stream", params={"sessionId": session["sessionId"]}) as answer:
        streamed = sum(len(chunk) for chunk in answer.iter_raw())
    page = frontend.client.get("/chat/history", params={"chatId": session["chatId"]})
    running.wait_for(lambda: _invocations(running) == ended + 5)

    return {
        "write_units": meter.units["write"],
        "read_units": meter.units["read"],
        "log_bytes": _logged(running.log()[printed:], "start|stream|history"),
        "sent_bytes": len(str(session)) + streamed + len(page.content),
        "cache_units": _commands(server) - commands,
    }


def _measure_cleanup(running: RunningStack, frontend: Frontend, meter: DynamoDBMeter) -> dict[str, float]:
    """Measures a cleanup run that has nothing to do. The first of two runs only starts the process."""
    for _ in range(2):
        printed = len(running.log())
        meter.reset()
        assert frontend.client.post("/local/run/CleanupFunction").status_code == 200
        running.wait_for(lambda at=printed: "cleanup | REPORT" in running.log()[at:])  # type: ignore[misc]
    return {
        "cleanup_read_units": meter.units["read"],
        "cleanup_write_units": meter.units["write"],
        "cleanup_log_bytes": _logged(running.log()[printed:], "cleanup"),
    }


def _invocations(running: RunningStack) -> int:
    """The number of ended invocations."""
    return running.log().count("REPORT RequestId")


def _logged(log: str, functions: str) -> int:
    lines = [line for line in log.splitlines() if re.match(rf" *({functions}) \| ", line)]
    return sum(len(line.partition(" | ")[2].encode()) + LINE_BYTES for line in lines)


def _commands(server: redis.Redis) -> int:
    statistics = server.info("stats")
    return int(statistics["total_commands_processed"])


@pytest.mark.parametrize("what", TOLERANCE)
def test_usage_file_matches_a_measured_chat(usage: Usage, what: str) -> None:
    measured, written = usage
    if written["cache_units"] == 0 and what == "cache_units":
        assert measured[what] < 50  # commands of the stack and of this test
        return

    assert measured[what] == pytest.approx(written[what], rel=TOLERANCE[what]), measured


@pytest.mark.parametrize("what", IDLE_TOLERANCE)
def test_usage_file_matches_a_measured_idle_cleanup(usage: Usage, what: str) -> None:
    measured, written = usage

    assert measured[what] == pytest.approx(written[what], rel=IDLE_TOLERANCE[what]), measured
