"""The stream function with Redis: cached answers, the event log beside a stream, followers, resuming."""

import asyncio
import contextlib
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator

from bench.figures import Figure, Suite
from bench.functions.stream_lab import (
    Sessions,
    checked,
    dynamodb,
    environ_for,
    first_token_seconds,
    start_function,
    stream_event,
)
from chat.redis import Breaker, RedisServices, RedisSettings, connect
from chat.sharing.event_log import TextEntry

WARM_UP = 10
SAMPLES = 60
TOKENS = 500
LONG_ANSWER_TOKENS = 20_000
LONG_ANSWERS = 25
RESUMED_TOKENS = 10_000
FOLLOWERS = 200
APPENDS = 60
BATCH_SECONDS = 0.025


def run() -> Suite:
    """Against a private redis-server; skipped without one."""
    title = "with Redis: a provider that answers at once, DynamoDB by moto"
    if shutil.which("redis-server") is None:
        return Suite(title=title, ours="no redis-server here", peer="", figures=())
    with dynamodb() as endpoint, _redis() as url:
        without = environ_for(endpoint)
        with_redis = without | {"REDIS_URL": url}
        sessions = Sessions(without)
        live, cached = _first_tokens(without, sessions), _first_tokens(with_redis, sessions)
        off, on = _rates(without, with_redis, sessions=sessions)
        resumed = _resumed(with_redis, sessions)
        delay, catch_up = asyncio.run(_log(url))
    return Suite(
        title=title,
        ours="with Redis",
        peer="without",
        figures=(
            Figure("first token, cached against live", "ms", cached * 1e3, live * 1e3, 15, "difference"),
            Figure("tokens a second, event log on against off", "", on, off, 0.8, "ratio", smaller=False),
            Figure(f"{FOLLOWERS} followers, append to entry, p99", "ms", delay * 1e3, None, 150, "value"),
            Figure("resuming 10,000 tokens from the log", "ms", catch_up * 1e3, None, 100, "value"),
            Figure("resuming 10,000 tokens of a finished answer", "ms", resumed * 1e3, None, 100, "value"),
        ),
    )


def _first_tokens(environ: dict[str, str], sessions: Sessions) -> float:
    """The same question each time: with Redis it is answered from the cache."""
    with start_function("stream_app.app", environ) as function:
        for _ in range(WARM_UP):
            function.invoke(sessions.start())
        return statistics.median(first_token_seconds(function.invoke(sessions.start())) for _ in range(SAMPLES))


def _rates(*environs: dict[str, str], sessions: Sessions) -> list[float]:
    """Tokens a second of a long answer, in turns, so that what else the machine does falls on all."""
    with contextlib.ExitStack() as stack:
        functions = [
            stack.enter_context(start_function("stream_app.app", environ | {"BENCH_TOKENS": str(LONG_ANSWER_TOKENS)}))
            for environ in environs
        ]
        seconds: list[list[float]] = [[] for _ in functions]
        for _ in range(LONG_ANSWERS):
            for function, taken in zip(functions, seconds, strict=True):
                answer = checked(function.invoke(sessions.start(use_cache=False)), LONG_ANSWER_TOKENS)
                taken.append(answer.seconds)
    return [LONG_ANSWER_TOKENS / statistics.median(taken[1:]) for taken in seconds]


def _resumed(environ: dict[str, str], sessions: Sessions) -> float:
    with start_function("stream_app.app", environ | {"BENCH_TOKENS": str(RESUMED_TOKENS)}) as function:
        session_id = sessions.new(use_cache=False)
        checked(function.invoke(stream_event(session_id, "alice")), RESUMED_TOKENS)
        return statistics.median(function.invoke(stream_event(session_id, "alice")).seconds for _ in range(7))


async def _log(url: str) -> tuple[float, float]:
    """The 99th percentile of what a follower waits for an entry, and what resuming from the start takes; in seconds."""
    redis = connect(RedisSettings(redis_url=url), Breaker())
    assert redis is not None
    try:
        return await _delay(redis), await _catch_up(redis)
    finally:
        await redis.close()


async def _delay(redis: RedisServices) -> float:
    appended: dict[int, float] = {}
    delays: list[float] = []
    ready = asyncio.Semaphore(0)

    async def follow() -> None:
        async with redis.log.follow("followed", seen=0) as entries:
            ready.release()
            async for entry in entries:
                if entry is not None:
                    delays.append(time.perf_counter() - appended[entry.event_id])
                    if entry.event_id == APPENDS + 1:
                        return

    followers = [asyncio.create_task(follow()) for _ in range(FOLLOWERS)]
    for _ in followers:
        await ready.acquire()
    for number in range(2, APPENDS + 2):
        appended[number] = time.perf_counter()
        await redis.log.append("followed", epoch=1, entries=[TextEntry(number, "x")])
        await asyncio.sleep(BATCH_SECONDS)
    await asyncio.gather(*followers)
    return sorted(delays)[int(len(delays) * 0.99)]


async def _catch_up(redis: RedisServices) -> float:
    """10,000 tokens as 50 a second would have left them: one or two an entry."""
    last = 1
    for _ in range(RESUMED_TOKENS // 2):
        last += 20
        await redis.log.append("resumed", epoch=1, entries=[TextEntry(last, "text chunk" * 2)])
    begun = time.perf_counter()
    async with redis.log.follow("resumed", seen=0) as entries:
        async for entry in entries:
            if entry is not None and entry.event_id == last:
                break
    return time.perf_counter() - begun


@contextlib.contextmanager
def _redis() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], stdout=subprocess.DEVNULL
    )
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()
