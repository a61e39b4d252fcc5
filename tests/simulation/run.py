"""Runs a plan: questions and faults, then everything heals and everybody comes back, then all sessions expire."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from chat.errors import ChatError
from chat.sessions import STREAM_LIFETIME_SECONDS
from chat_history.history import HistoryPage
from simulation.engine.loop import SimLoop, SpinError, simulated_loop
from simulation.engine.process import Process
from simulation.engine.quiet import quiet
from simulation.faults import Faults
from simulation.observer import Observer
from simulation.plan import Action, Kind, Plan
from simulation.promises.known import ViolationError
from simulation.record import Record
from simulation.users import Users
from simulation.world.client import Client
from simulation.world.clocks import EPOCH
from simulation.world.ids import drawn_ids
from simulation.world.service import cleanup_of, history_of
from simulation.world.world import World

LOOK_SECONDS = 0.5
HEALING_SECONDS = 3.0
"""After the last fault begins, until everything works again."""
READING_SECONDS = 240.0
"""How long clients may take to come to an end once everything works."""
ENDING_SECONDS = 60.0
"""How long processes may keep working after all clients have left: an answer may continue without its user."""
CLEANUP_SECONDS = 120.0
"""Lambda's time for a run of the cleanup."""


@dataclass(slots=True)
class Result:
    """What came of a run. `broken` names the promise that was broken, or None."""

    plan: Plan
    broken: str | None
    chats: int
    fired: Counter[str]
    history: list[tuple[float, str, str]] = field(default_factory=list)


def simulate(plan: Plan, *, record: bool = False) -> Result:
    """Runs the plan; with `record`, `history` has time, actor and action."""
    with quiet():
        return _simulate(plan, record=record)


def _simulate(plan: Plan, *, record: bool) -> Result:
    loop = simulated_loop(Random(f"loop/{plan.seed}{plan.variant}"))
    run = _Run(plan, loop, Random(f"run/{plan.seed}{plan.variant}"), record=record)
    broken = None
    try:
        with drawn_ids(Random(f"ids/{plan.seed}"), lambda: EPOCH + loop.time()):
            loop.run(Process("outside"), run.main())
        broken = next(iter(loop.failures()), None)
    except (ViolationError, SpinError, RuntimeError) as error:
        broken = f"{type(error).__name__}: {error}"
    finally:
        loop.forget()
    broken = run.observer.broken or broken
    return Result(plan, broken, len(run.observer.sessions), run.record.fired, run.record.history)


class _Run:
    def __init__(self, plan: Plan, loop: SimLoop, random: Random, *, record: bool) -> None:
        self.loop = loop
        self.record = Record(loop, keeps_history=record)
        self.observer = Observer(self.record.note)
        self.world = World(plan, loop, random, self.observer, self.record.fired)
        self.observer.world = self.world
        self._plan = plan
        self._users = Users(plan, self.world, self.record, random)
        self._faults = Faults(self.world, self._users, self.record)
        self._actions: dict[Kind, Callable[[Action], None]] = {
            **self._users.actions,
            **self._faults.actions,
            Kind.CLEANUP: self._run_cleanup,
        }

    async def main(self) -> None:
        self.world.build()
        looking = asyncio.create_task(self._look())
        for action in self._plan.actions:
            await self._until(action.at)
            if action.kind is not Kind.NEVER_OPENS:  # that one keeps its user from opening a stream
                self._actions[action.kind](action)
        await self._until(
            max((action.at + action.seconds for action in self._plan.actions), default=0) + HEALING_SECONDS
        )
        self._faults.heal()
        await self._everybody_ends()
        self._users.come_back()
        await self._everybody_ends()
        looking.cancel()
        await self._processes_end()
        for client in self._users.clients:
            if client.name.startswith("late"):
                self._check_reader(client)
        await self._read_histories()
        self.observer.check_end()
        if left := self._working():
            self.observer.violated(f"still running: {left}")
        await self._until(self.loop.time() + STREAM_LIFETIME_SECONDS + 600)
        self._users.come_too_late()
        await self._everybody_ends()
        await self._cleanup()
        self.observer.check_expired()

    async def _processes_end(self) -> None:
        ends_at = self.loop.time() + ENDING_SECONDS
        while self.loop.time() < ends_at and self._working():
            await asyncio.sleep(1.0)

    def _working(self) -> list[str]:
        return [task for task in self.loop.unfinished() if not task.startswith("outside")]

    async def _read_histories(self) -> None:
        history = history_of(self.world.backends)
        for user, chat in list(self.world.stored.messages):
            page = await self.world.in_process("history", partial(history, user, chat, limit=200, cursor=None))
            assert isinstance(page, HistoryPage)
            self.observer.read_at_the_end(page.messages)

    def _check_reader(self, client: Client) -> None:
        if client.told_all:
            return
        codes = [refusal["code"] for refusal in client.refusals]
        if not codes or codes[-1] not in {"session_expired", "session_not_found"}:
            self.observer.violated(f"{client.name} is never told how the answer ended: {codes[-3:]}")

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.observer.look()

    async def _until(self, at: float) -> None:
        if at > self.loop.time():
            await asyncio.sleep(at - self.loop.time())

    async def _everybody_ends(self) -> None:
        ends_at = self.loop.time() + READING_SECONDS
        while self.loop.time() < ends_at and not all(task.done() for task in self._users.tasks):
            await asyncio.sleep(1.0)
        for task in self._users.tasks:
            if task.done():
                task.result()

    async def _cleanup(self) -> None:
        ends_at = self.loop.time() + CLEANUP_SECONDS
        cleanup = cleanup_of(self.world.backends)
        try:
            await self.world.in_process("cleanup", lambda: cleanup.run(lambda: ends_at - self.loop.time()))
        except ChatError as error:
            self.record.note("cleanup", f"fails with {error.code}")

    def _run_cleanup(self, action: Action) -> None:
        self.record.happened(action, "-")
        self._users.spawn(self._cleanup())
