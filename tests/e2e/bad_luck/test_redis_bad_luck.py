"""A real Redis with bad luck under the running stack: chats complete, in time, and their users notice nothing."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import astuple, dataclass
from statistics import median

import pytest

from fakes import sse
from fakes.network.tcp_proxy import tcp_proxy
from fakes.redis.bad_luck import BadLuck, full, refusing, silent
from fakes.redis.failover import replicated_cluster
from fakes.redis.servers import RedisServer, redis_server
from fakes.stack.frontend import Arrival, Frontend
from fakes.stack.process import RunningStack, running_stack
from fakes.stack.stream_processes import kill_streams

pytestmark = pytest.mark.timeout(120)

FIRST_SECONDS = 0.5
"""What bad luck may add to the first question that it meets, from the prompt to the first token."""
LATER_SECONDS = 0.05
"""What it may add once it is known."""
LATER_PAIRS = 5
TRIES = 5
"""A busy machine delays, too, but not each time."""
BACK_SECONDS = 30.0
SLOW_SECONDS = 0.3
ANSWER = {"version": 1, "text": "Not so", "finishReason": "stop", "usage": None}
BROKEN = {
    "garbage": b"\xff\x00 no JSON",
    "another document": b"{}",
    "another version": json.dumps(ANSWER | {"version": 2}).encode(),
    "no text": json.dumps(ANSWER | {"text": ["Not so"]}).encode(),
}

numbers = itertools.count()


@pytest.fixture(scope="module")
def plain() -> Iterator[Frontend]:
    """A user of a stack without Redis."""
    environ = {"STREAM_CONCURRENCY": "20"}
    with running_stack(environ=environ, variables={"REDIS_URL": ""}) as stack, frontend(stack) as user:
        ask(user, quick())
        yield user


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def unlucky(redis: RedisServer) -> Iterator[Frontend]:
    """A user of a stack with that Redis."""
    with stack_on(redis) as stack, frontend(stack) as user:
        yield user


@pytest.fixture
def alice(unlucky: Frontend) -> Frontend:
    """The same, while all is well."""
    wait_until_used(unlucky)
    return unlucky


def stack_on(redis: RedisServer) -> AbstractContextManager[RunningStack]:
    environ = {"STREAM_CONCURRENCY": "20", "REDIS_URL": redis.url}
    return running_stack(environ=environ, variables={"REDIS_CLUSTER": redis.environ["REDIS_CLUSTER"]})


def frontend(stack: RunningStack) -> Frontend:
    return Frontend(stack, "alice", "ENTERPRISE")


@pytest.mark.perf
def test_redis_that_is_absent_when_the_process_starts(plain: Frontend, alice: Frontend, redis: RedisServer) -> None:
    def meet() -> Delay:
        with refusing(redis):
            kill_streams(plain.stack)
            kill_streams(alice.stack)
            return delay_of(plain, alice)

    assert_in_time(meet)
    assert_logged(alice, "redis_down")
    wait_until_used(alice)


@pytest.mark.perf
@pytest.mark.parametrize("bad_luck", [refusing, silent, full])
def test_redis_that_fails_between_two_questions(
    plain: Frontend, alice: Frontend, redis: RedisServer, bad_luck: BadLuck
) -> None:
    def meet() -> Delay:
        wait_until_used(alice)
        with bad_luck(redis):
            return delay_of(plain, alice)

    assert_in_time(meet)
    assert_logged(alice, "redis_refused" if bad_luck is full else "redis_down")
    wait_until_used(alice)


@pytest.mark.perf
def test_redis_that_becomes_slow(plain: Frontend, alice: Frontend, redis: RedisServer) -> None:
    with redis_server() as elsewhere, refusing(redis), tcp_proxy("127.0.0.1", elsewhere.port, redis.port) as proxy:

        def meet() -> Delay:
            proxy.delay_seconds = 0
            wait_until_used(alice)
            proxy.delay_seconds = SLOW_SECONDS
            return delay_of(plain, alice)

        assert_in_time(meet)


@pytest.mark.parametrize("bad_luck", [refusing, silent, full])
def test_redis_that_fails_in_the_middle_of_an_answer(alice: Frontend, redis: RedisServer, bad_luck: BadLuck) -> None:
    with three_clients(alice) as clients, bad_luck(redis):
        clients.assert_end_well()
    wait_until_used(alice)


def test_cluster_that_fails_over(plain: Frontend) -> None:
    with replicated_cluster() as cluster, stack_on(cluster.one) as stack, frontend(stack) as alice:
        wait_until_used(alice)
        with three_clients(alice) as clients:
            cluster.fail_over()
            clients.assert_end_well()
        wait_until_used(alice)


@pytest.mark.perf
def test_cluster_that_fails_over_between_two_questions(plain: Frontend) -> None:
    with replicated_cluster() as cluster, stack_on(cluster.one) as stack, frontend(stack) as alice:
        wait_until_used(alice)

        def meet() -> Delay:
            cluster.fail_over()
            return delay_of(plain, alice)

        assert_in_time(meet)
        wait_until_used(alice)


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_cached_answer_that_is_broken(alice: Frontend, redis: RedisServer, broken: bytes) -> None:
    prompt = quick()
    with redis.client() as client:
        client.set(key_of_answer(alice, redis, prompt), broken)

    assert [ask(alice, prompt).cached for _ in range(2)] == [False, True]
    assert alice.provider_calls(prompt)["calls"] == 2


def test_cached_answer_that_is_no_string(alice: Frontend, redis: RedisServer) -> None:
    prompt = quick()
    key = key_of_answer(alice, redis, prompt)
    with redis.client() as client:
        client.delete(key)
        client.rpush(key, "Not so")

    assert [ask(alice, prompt).cached for _ in range(2)] == [False, True]
    assert_logged(alice, "redis_refused")


@pytest.mark.parametrize("broken", ["no session", "\x00", ["Not so"]], ids=["text", "garbage", "list"])
def test_flight_that_is_broken(alice: Frontend, redis: RedisServer, broken: str | list[str]) -> None:
    prompt = quick()
    answer_key = key_of_answer(alice, redis, prompt)
    with redis.client() as client:
        client.delete(answer_key)
        key = answer_key.replace("answer", "flight")
        if isinstance(broken, str):
            client.set(key, broken)
        else:
            client.rpush(key, *broken)

    assert [ask(alice, prompt).cached for _ in range(2)] == [False, True]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's answer."""

    seconds: float
    """Until its first token, both requests together."""
    cached: bool


@dataclass(frozen=True, slots=True)
class Delay:
    """What bad luck added to the first question that met it, and, at the median, to later ones. In seconds."""

    first: float
    later: float

    def or_less(self, other: "Delay") -> "Delay":
        """The shorter of each."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Delay(*map(min, pairs))

    def is_short(self) -> bool:
        return self.first < FIRST_SECONDS and self.later < LATER_SECONDS


class ThreeClients:
    """In mid-answer: the user in two tabs, and a second session with the same question."""

    def __init__(self, user: Frontend, prompt: str, streams: list[tuple[dict[str, str], Iterator[Arrival]]]) -> None:
        self._user = user
        self._prompt = prompt
        self._streams = streams
        self._seen = [until_shown(arrivals) for _, arrivals in streams]

    def assert_end_well(self) -> None:
        """It is not over yet. In the end each has all of it, and the provider was asked for it once."""
        assert self._user.provider_calls(self._prompt)["open"] == 1
        with ThreadPoolExecutor() as pool:
            rests = list(pool.map(lambda stream: list(stream[1]), self._streams))
        for (session, _), seen, rest in zip(self._streams, self._seen, rests, strict=True):
            assert_whole(self._user, session, seen + rest)
            assert rest[-1].event.data["cached"] is (session is self._streams[-1][0])
        assert self._user.provider_calls(self._prompt)["calls"] == 1


@contextmanager
def three_clients(user: Frontend) -> Iterator[ThreeClients]:
    prompt = f"[demo:tokens=100 rate=50] question {next(numbers)};"
    first, second = user.start(prompt), user.start(prompt)
    with user.stream(first["sessionId"]) as producing:
        seen = until_shown(producing)
        with user.stream(first["sessionId"]) as following, user.stream(second["sessionId"]) as sharing:
            streams = [(first, itertools.chain(seen, producing)), (first, following), (second, sharing)]
            yield ThreeClients(user, prompt, streams)


def until_shown(arrivals: Iterator[Arrival]) -> list[Arrival]:
    """`typing`, and the first piece of the answer."""
    return [next(arrivals), next(arrivals)]


def ask(user: Frontend, prompt: str) -> Asked:
    """The answer is complete, and stored as it was shown."""
    began = time.monotonic()
    session = user.start(prompt)
    with user.stream(session["sessionId"]) as stream:
        arrivals = list(stream)
    assert_whole(user, session, arrivals)
    first = next(arrival.at for arrival in arrivals if arrival.event.type == "token")
    return Asked(first - began, arrivals[-1].event.data["cached"])


def assert_whole(user: Frontend, session: dict[str, str], arrivals: list[Arrival]) -> None:
    events = [arrival.event for arrival in arrivals]
    sse.check_stream(events)
    assert (events[-1].type, events[-1].data.get("finishReason")) == ("done", "stop"), events[-1]
    _, answer = user.history(session["chatId"])
    assert (answer["content"], answer["status"]) == (sse.text_of(events), "complete")


def quick() -> str:
    """A new question, which the provider answers at once."""
    return f"[demo:tokens=5 rate=0] question {next(numbers)};"


def delay_of(plain: Frontend, unlucky: Frontend) -> Delay:
    """Asks both in turn."""

    def added() -> float:
        usual, late = ask(plain, quick()), ask(unlucky, quick())
        return late.seconds - usual.seconds

    return Delay(added(), median(added() for _ in range(LATER_PAIRS)))


def assert_in_time(meet: Callable[[], Delay]) -> None:
    delay, tries = meet(), 1
    while tries < TRIES and not delay.is_short():
        delay, tries = delay.or_less(meet()), tries + 1
    assert delay.is_short(), delay


def assert_logged(user: Frontend, message: str) -> None:
    """The stream function has counted a failure of Redis."""
    user.stack.wait_for_log(rf"stream \|.*{message}", seconds=1)


def wait_until_used(user: Frontend) -> None:
    """The answer of a question that is asked again comes from the cache, soon."""
    prompt, limit = quick(), time.monotonic() + BACK_SECONDS
    while not ask(user, prompt).cached:
        assert time.monotonic() < limit, "Redis is not used"


def key_of_answer(user: Frontend, redis: RedisServer, prompt: str) -> str:
    """Where Redis has the answer of a question that is asked now."""
    with redis.client() as client:
        client.flushall()
        ask(user, prompt)
        [key] = client.scan_iter("chat:answer:*")
    return str(key)
