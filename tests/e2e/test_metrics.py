"""Conversations with the running stack, and what /local/metrics says of them: every metric there is, with its value."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

from chat.catalog import load_catalog
from chat.messages import Usage
from chat.metrics import Metric, Service
from fakes import prometheus, sse
from fakes.redis.servers import RedisServer, redis_server
from fakes.stack.frontend import CLAUDE, MODEL, Frontend
from fakes.stack.process import RunningStack, running_stack
from local_stack.metrics.recorder import MetricsRecorder

pytestmark = pytest.mark.timeout(120)

PREFIX = "chat_sse_local_"
START, STREAM = Service.START.value, Service.STREAM.value


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def stack(redis: RedisServer) -> Iterator[RunningStack]:
    """Many streams in one process, and a Redis with the time that a busy machine takes."""
    environ = {"STREAM_CONCURRENCY": "20", "DEMO_TOKENS_PER_SECOND": "100", "REDIS_URL": redis.url}
    with running_stack(environ=environ, variables={"REDIS_TIMEOUT_SECONDS": "2"}) as running:
        yield running


@dataclass
class Told:
    """What clients were told, to compare with."""

    usages: list[tuple[str, Usage]]
    saved_usd: float = 0.0

    def take(self, events: list[sse.Event], model: str = MODEL) -> None:
        done = events[-1].data
        assert done["type"] == "done", done
        if done["cached"]:
            self.saved_usd += done["savedUsd"]
        else:
            self.paid(done["usage"], model)

    def paid(self, usage: dict[str, int], model: str) -> None:
        self.usages.append((model, Usage(usage["inputTokens"], usage["outputTokens"])))

    def cost_usd(self, model: str | None = None) -> float:
        known = {each.id: each for each in load_catalog().models}
        return sum(known[name].cost_usd(usage) for name, usage in self.usages if model in {None, name})


def read(stack: RunningStack) -> prometheus.Samples:
    answer = httpx.get(f"{stack.url}/local/metrics")
    assert answer.status_code == 200
    return prometheus.parse(answer.text)


def count(samples: prometheus.Samples, metric: Metric, service: str = STREAM, **labels: str) -> float:
    return samples(f"{PREFIX}{snake(metric)}_total", service=service, **labels)


def test_conversations_are_found_in_the_metrics(stack: RunningStack, redis: RedisServer) -> None:
    told = Told([])
    with Frontend(stack, "alice", "ENTERPRISE") as alice:
        answers(alice, told)
        failures(alice, told)
        came_back(alice, told)
        limits(stack)
    # A record is written after its stream's last event.
    stack.wait_for(lambda: count(read(stack), Metric.STREAMS_STOPPED) == 3)
    samples = read(stack)

    started = 2 + 2 + 1 + 1 + 3 + 2 + 3 + 20
    assert count(samples, Metric.SESSIONS_STARTED, START) == started
    assert count(samples, Metric.RATE_LIMITED, START) == 1
    expected = {
        Metric.STREAMS_COMPLETED: 8,
        Metric.STREAMS_FAILED: 2,
        Metric.STREAMS_STOPPED: 1 + 2,
        Metric.STREAMS_RESUMED: 2,
        Metric.CACHE_HIT: 1,
        Metric.CACHE_MISS: 11,
        Metric.SINGLE_FLIGHT_FOLLOWERS: 1,
        Metric.PROVIDER_ERROR: 2,
        Metric.PROVIDER_RETRY: 2 + 1,
        Metric.RATE_LIMITED: 1,
        Metric.CACHE_ERROR: 0,
        Metric.INPUT_TOKENS: sum(usage.input_tokens for _, usage in told.usages),
        Metric.OUTPUT_TOKENS: sum(usage.output_tokens for _, usage in told.usages),
    }
    assert {metric: count(samples, metric) for metric in expected} == expected
    assert samples(f"{PREFIX}cost_usd_sum", service=STREAM) == pytest.approx(told.cost_usd())
    assert samples(f"{PREFIX}cache_saved_usd_sum", service=STREAM) == pytest.approx(told.saved_usd)
    assert_by_model(samples, told)
    assert_times(samples)

    stack.run("CleanupFunction")
    redis_that_fails(stack, redis)
    assert set(Metric) - published(stack.log()) == set()


def answers(alice: Frontend, told: Told) -> None:
    """Asked twice, and twice at the same time; and by another model."""
    for _ in range(2):
        told.take(alice.ask("[demo:tokens=30 rate=300] twice"))
    leading, following = (alice.start("[demo:tokens=60 rate=30] at once") for _ in range(2))
    with ThreadPoolExecutor(1) as pool, alice.stream(leading["sessionId"]) as arrivals:
        early = [next(arrivals).event for _ in range(3)]
        followed = pool.submit(alice.read, following["sessionId"])
        told.take([*early, *(arrival.event for arrival in arrivals)])
        told.take(followed.result())
    told.take(alice.ask("[demo:tokens=5 rate=0]", model=CLAUDE), CLAUDE)
    assert alice.ask("/help")[-1].type == "done"


def failures(alice: Frontend, told: Told) -> None:
    """Refused until the SDK gives up, and broken off: what Claude had read and written by then is paid for."""
    assert alice.ask("[demo:status=503 retry-after=0.01]")[-1].data["code"] == "provider_unavailable"
    broken = alice.start("[demo:die-after=3]", model=CLAUDE)
    assert alice.read(broken["sessionId"])[-1].data["code"] == "provider_interrupted"
    told.paid(alice.history(broken["chatId"])[-1]["usage"], CLAUDE)
    session = alice.start("[demo:tokens=500 rate=20] to be stopped")
    with alice.stream(session["sessionId"]) as arrivals:
        stop(alice, session["sessionId"], arrivals)


def stop(user: Frontend, session_id: str, arrivals: Iterator[object]) -> None:
    for _ in range(4):
        next(arrivals)
    user.client.post("/chat/stop", json={"sessionId": session_id})
    for _ in arrivals:
        pass


def came_back(alice: Frontend, told: Told) -> None:
    """A dropped connection and a replay, of an answer that the provider gave at its second try; and one more answer."""
    session = alice.start("[demo:status=500 times=1 retry-after=0.01 tokens=40 rate=40] dropped")
    with alice.stream(session["sessionId"]) as arrivals:
        seen = [next(arrivals).event for _ in range(5)]
    told.take(alice.read(session["sessionId"], lastEventId=seen[-1].id))
    alice.read(session["sessionId"])
    told.take(alice.ask("[demo:tokens=30 rate=300] fresh"))


def limits(stack: RunningStack) -> None:
    """BASIC has two streams at a time, and twenty sessions a minute."""
    with Frontend(stack, "bob", "BASIC") as bob:
        sessions = [bob.start(f"[demo:tokens=500 rate=20] {number}")["sessionId"] for number in range(3)]
        with bob.stream(sessions[0]) as one, bob.stream(sessions[1]) as two:
            for arrivals in (one, two):
                next(arrivals)
            refused = bob.client.get("/chat/stream", params={"sessionId": sessions[2]})
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
            stop(bob, sessions[0], one)
            stop(bob, sessions[1], two)
    with Frontend(stack, "carol", "BASIC") as carol:
        body = {"modelId": MODEL, "prompt": "/help"}
        statuses = [carol.client.post("/chat/start", json=body).status_code for _ in range(21)]
        assert statuses == [201] * 20 + [429]


def assert_by_model(samples: prometheus.Samples, told: Told) -> None:
    """The models' values add up to the service's, but for the slash command, which has no model."""
    completed = samples.with_label(f"{PREFIX}streams_completed_total", "model")
    assert completed == {MODEL: 6, CLAUDE: 1}
    assert count(samples, Metric.PROVIDER_ERROR, provider="anthropic", model=CLAUDE) == 1
    for model, provider in ((MODEL, "openai"), (CLAUDE, "anthropic")):
        cost_usd = samples(f"{PREFIX}cost_usd_sum", service=STREAM, provider=provider, model=model)
        assert cost_usd == pytest.approx(told.cost_usd(model), rel=1e-3)


def assert_times(samples: prometheus.Samples) -> None:
    def quantile(metric: Metric, share: float) -> float:
        return samples(f"{PREFIX}{snake(metric)}", service=STREAM, quantile=str(share))

    assert samples(f"{PREFIX}time_to_first_token_ms_count", service=STREAM) == 11
    assert samples(f"{PREFIX}stream_duration_ms_count", service=STREAM) == 12
    assert 1 < quantile(Metric.TIME_TO_FIRST_TOKEN_MS, 0.5) <= quantile(Metric.TIME_TO_FIRST_TOKEN_MS, 0.99) < 20_000
    # The slowest answer had 60 tokens at 30 a second.
    assert 1900 < quantile(Metric.STREAM_DURATION_MS, 0.99) < 20_000
    assert 5 < quantile(Metric.OUTPUT_TOKENS_PER_SECOND, 0.5) < 20_000


def redis_that_fails(stack: RunningStack, redis: RedisServer) -> None:
    """The user gets an answer and the operator a record: one per request, however many calls fail."""
    before = stack.log().count('"CacheError"')
    redis.kill()
    with Frontend(stack, "dora", "ENTERPRISE") as dora:
        for number in range(5):
            assert dora.ask(f"[demo:tokens=20 rate=200] without {number}")[-1].type == "done"
    stack.wait_for(lambda: count(read(stack), Metric.CACHE_ERROR) >= 5 * 2)
    assert count(read(stack), Metric.CACHE_ERROR, START) >= 5
    assert stack.log().count('"Name":"CacheError"') - before <= 5 * 2
    redis.start()


def published(log: str) -> set[Metric]:
    """The metrics in it, each from the services that the catalogue says, with the dimensions that it says."""
    metrics = MetricsRecorder()
    for line in log.splitlines():
        metrics.record_line(line[line.find("{") :])
    found: set[Metric] = set()
    for key in metrics.find("chat-sse/local"):
        (metric,) = (metric for metric in Metric if metric == key.name)
        dimensions = dict(key.dimensions)
        assert dimensions["service"] in metric.services
        assert sorted(dimensions) in [sorted(names) for names in metric.dimension_sets]
        found.add(metric)
    return found


def snake(metric: Metric) -> str:
    """As it is called in Prometheus text."""
    names = {Metric.COST_USD: "cost_usd", Metric.CACHE_SAVED_USD: "cache_saved_usd"}
    return names.get(metric, metric.name.lower())


def test_records_hold_no_text_and_no_token(stack: RunningStack) -> None:
    with Frontend(stack, "eve") as eve:
        session = eve.start("A very private question")
        answer = sse.text_of(eve.read(session["sessionId"]))
        stack.wait_for(lambda: sum(session["sessionId"] in line for line in emf_lines(stack)) == 2)
        started, streamed = (line for line in emf_lines(stack) if session["sessionId"] in line)

    for line in (started, streamed):
        assert "private" not in line
        assert session["streamToken"] not in line
        assert answer[:20] not in line
    record = json.loads(streamed)
    assert record["gen_ai.conversation.id"] == session["chatId"]
    assert record["gen_ai.request.model"]
    assert record["function_request_id"] in stack.log()


def emf_lines(stack: RunningStack) -> list[str]:
    return [line[line.find("{") :] for line in stack.log().splitlines() if '"_aws"' in line]
