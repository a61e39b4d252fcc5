"""Scheduled invocations, as EventBridge Scheduler makes them."""

import asyncio
import json
import re
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from local_stack.emulator.pool import Pool, ThrottledError
from local_stack.sam.cloudformation import ACCOUNT_ID, REGION
from local_stack.sam.template import ScheduleSpec

_RATE = re.compile(r"rate\((?:(1) (minute|hour|day)|([2-9]|[1-9]\d+) (minute|hour|day)s)\)")
_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def interval_seconds(expression: str) -> float | None:
    """The interval of a ``rate(5 minutes)`` expression; None for any other expression."""
    match = _RATE.fullmatch(expression.strip())
    if match is None:
        return None
    return int(match[1] or match[3]) * _UNIT_SECONDS[match[2] or match[4]]


async def run(
    pool: Pool,
    schedule: ScheduleSpec,
    log: Callable[[str], None],
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Invokes the function at its interval until cancelled."""
    seconds = interval_seconds(schedule.expression)
    if not seconds:
        log(f"{schedule.name} is not run here: {schedule.expression} is not a rate expression.")
        return
    while True:
        await sleep(seconds)
        try:
            await pool.invoke(event_of(schedule), _Discarded())
        except ThrottledError:
            log(f"{schedule.name} was skipped: all processes are busy.")


def event_of(schedule: ScheduleSpec) -> bytes:
    """The invocation's event: the template's `Input`, or EventBridge's default."""
    return (schedule.payload or json.dumps(_scheduled_event(schedule))).encode()


def _scheduled_event(schedule: ScheduleSpec) -> dict[str, object]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT_ID,
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": REGION,
        "resources": [f"arn:aws:scheduler:{REGION}:{ACCOUNT_ID}:schedule/default/{schedule.name}"],
        "detail": "{}",
    }


class _Discarded:
    """An `invocation.ResponseSink` that discards the response."""

    async def begin(self, content_type: str) -> None:
        pass

    async def write(self, data: bytes) -> None:
        pass

    async def end(self) -> None:
        pass

    async def fail(self, error_type: str) -> None:
        pass
