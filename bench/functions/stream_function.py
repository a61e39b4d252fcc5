"""The whole stream function: FastAPI, authentication, DynamoDB (moto's server), and a provider that answers at once."""

import statistics
import subprocess
import sys

from bench.figures import Figure, Suite
from bench.functions.stream_lab import (
    LAYER,
    TASK_ROOT,
    Sessions,
    checked,
    dynamodb,
    environ_for,
    first_token_seconds,
    start_function,
    stream_event,
)
from bench.yardstick import NAME, yardstick_seconds

STARTS = 9
WARM_UP = 10
SAMPLES = 60
LONG_ANSWER_TOKENS = 20_000
LONG_ANSWERS = 7


def run() -> Suite:
    """Measures the sources with their `.pyc`, as the built artefacts have them."""
    for folder in (LAYER, TASK_ROOT):
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder)], check=True)
    with dynamodb() as endpoint:
        environ = environ_for(endpoint)
        sessions = Sessions(environ)
        starts, resident, yardsticks = _starts(environ)
        first_tokens = _first_tokens(environ, sessions)
        rate = _rate(environ, sessions)
    yardstick = statistics.median(yardsticks) * 1e3
    return Suite(
        title="stream function: FastAPI, authentication, DynamoDB by moto, a provider that answers at once",
        ours="chat_stream",
        peer=NAME,
        figures=(
            Figure("start to first /next, no provider SDK", "ms", statistics.median(starts) * 1e3, yardstick, 1.3),
            Figure(
                "what /chat/stream adds before the first token",
                "ms",
                statistics.median(first_tokens) * 1e3,
                yardstick,
                0.1,
            ),
            Figure("tokens a second through one process", "", rate, None, 20_000, "value", smaller=False),
            _value("resident memory before a provider SDK", "MB", statistics.median(resident) / 1e6, 120),
        ),
    )


def _value(name: str, unit: str, ours: float, limit: float) -> Figure:
    return Figure(name, unit, ours, limit=limit, compare="value")


def _starts(environ: dict[str, str]) -> tuple[list[float], list[float], list[float]]:
    """The function as deployed, in turns with the yardstick.

    Seconds to the first `/next`, bytes after the first answer (a refusal), and seconds of the yardstick.
    """
    starts, resident, yardsticks = [], [], []
    for _ in range(STARTS):
        yardsticks.append(yardstick_seconds(sys.executable, environ, TASK_ROOT))
        with start_function("chat_stream.app.app", environ) as function:
            starts.append(function.start_seconds)
            function.invoke(stream_event("unknown", "nobody"))
            resident.append(float(function.resident_bytes))
    return starts, resident, yardsticks


def _first_tokens(environ: dict[str, str], sessions: "Sessions") -> list[float]:
    with start_function("stream_app.app", environ) as function:
        for _ in range(WARM_UP):
            checked(function.invoke(sessions.start()), 500)
        return [first_token_seconds(checked(function.invoke(sessions.start()), 500)) for _ in range(SAMPLES)]


def _rate(environ: dict[str, str], sessions: "Sessions") -> float:
    with start_function("stream_app.app", environ | {"BENCH_TOKENS": str(LONG_ANSWER_TOKENS)}) as function:
        answers = [checked(function.invoke(sessions.start()), LONG_ANSWER_TOKENS) for _ in range(LONG_ANSWERS)]
    return LONG_ANSWER_TOKENS / statistics.median(answer.seconds for answer in answers[1:])
