"""Schedules of the local stack."""

import asyncio
import json
from typing import Any, cast

import pytest

from local_stack.emulator.invocation import ResponseSink
from local_stack.emulator.pool import Pool, ThrottledError
from local_stack.emulator.schedule import interval_seconds, run
from local_stack.sam.template import ScheduleSpec


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(5 minutes)", 300),
        ("rate(1 minute)", 60),
        ("rate(2 hours)", 7200),
        ("rate(10 days)", 864000),
        ("rate(5 minute)", None),
        ("rate(1 minutes)", None),
        ("cron(0 * * * ? *)", None),
        ("", None),
    ],
)
def test_rate_is_an_interval(expression: str, seconds: float | None) -> None:
    assert interval_seconds(expression) == seconds


class RecordingPool:
    """Takes invocations, or refuses them all."""

    def __init__(self, *, busy: bool = False) -> None:
        self.events: list[dict[str, Any]] = []
        self._busy = busy

    async def invoke(self, event: bytes, response: ResponseSink) -> None:
        if self._busy:
            raise ThrottledError
        self.events.append(json.loads(event))


async def run_three_times(pool: RecordingPool, schedule: ScheduleSpec) -> tuple[list[float], list[str]]:
    slept: list[float] = []
    logged: list[str] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await run(cast("Pool", pool), schedule, logged.append, sleep=sleep)
    return slept, logged


async def test_function_is_invoked_at_each_turn() -> None:
    pool = RecordingPool()
    slept, _ = await run_three_times(pool, ScheduleSpec("Often", "rate(5 minutes)"))

    assert slept == [300] * 4
    assert [event["detail-type"] for event in pool.events] == ["Scheduled Event"] * 3


async def test_payload_is_the_event() -> None:
    pool = RecordingPool()
    await run_three_times(pool, ScheduleSpec("Often", "rate(5 minutes)", '{"a":1}'))

    assert pool.events == [{"a": 1}] * 3


async def test_turn_is_left_out_while_all_are_busy() -> None:
    _, logged = await run_three_times(RecordingPool(busy=True), ScheduleSpec("Often", "rate(5 minutes)"))

    assert logged == ["Often was skipped: all processes are busy."] * 3


async def test_cron_schedule_is_reported_and_not_run() -> None:
    logged: list[str] = []
    await run(cast("Pool", RecordingPool()), ScheduleSpec("Nightly", "cron(0 0 * * ? *)"), logged.append)

    assert logged == ["Nightly is not run here: cron(0 0 * * ? *) is not a rate expression."]
