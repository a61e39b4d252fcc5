"""Runs a plan: questions and faults, then everything heals and everybody comes back, then all sessions expire."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from chat.errors import ChatError
from chat.sessions import BEGUN_SECONDS, SessionState
from chat_history.history import HistoryPage
from chat_start.requests import Prompt, Regeneration, Start
from simulation.engine.loop import SimLoop, SpinError, simulated_loop
from simulation.engine.process import Process
from simulation.engine.quiet import quiet
from simulation.observer import Observer
from simulation.plan import Action, Kind, Plan
from simulation.promises.known import ViolationError
from simulation.world.client import Client
from simulation.world.clocks import EPOCH
from simulation.world.conditions import Fault, Window
from simulation.world.ids import drawn_ids
from simulation.world.service import cleanup_of, history_of, regenerate_of, start_of, stop_of
from simulation.world.world import World

LOOK_SECONDS = 0.5
MAX_STARTS = 4
"""How often a user sends the same prompt again that was refused."""
HEALING_SECONDS = 3.0
"""After the last fault begins, until everything works again."""
READING_SECONDS = 240.0
"""How long clients may take to come to an end once everything works."""
ENDING_SECONDS = 60.0
"""How long processes may still be at work when nobody reads any more: an answer may go on without its user."""
CLEANUP_SECONDS = 120.0
"""Lambda's time for a run of the cleanup."""

_REDIS = {
    Kind.REDIS_DOWN: Fault.DOWN,
    Kind.REDIS_PARTITION: Fault.DOWN,
    Kind.REDIS_FAILS: Fault.FAILS,
    Kind.REDIS_LOSES_ANSWERS: Fault.LOSES_ANSWERS,
    Kind.REDIS_SLOW: Fault.SLOW,
    Kind.REDIS_FULL: Fault.FULL,
}
_DATABASE = {
    Kind.DB_DOWN: Fault.DOWN,
    Kind.DB_PARTITION: Fault.DOWN,
    Kind.DB_FAILS: Fault.FAILS,
    Kind.DB_LOSES_ANSWERS: Fault.LOSES_ANSWERS,
    Kind.DB_SLOW: Fault.SLOW,
}
_WHOLE = {Fault.DOWN, Fault.FULL}


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
    return Result(plan, broken, len(run.observer.sessions), run.world.fired, run.history)


class _Run:
    def __init__(self, plan: Plan, loop: SimLoop, random: Random, *, record: bool) -> None:
        self.plan = plan
        self.loop = loop
        self.random = random
        self.observer = Observer(self._note)
        self.world = World(plan, loop, random, self.observer)
        self.observer.world = self.world
        self.history: list[tuple[float, str, str]] = []
        self._record = record
        self._sessions: dict[int, str] = {}
        self._asks = {action.ask: action for action in plan.actions if action.kind is Kind.ASK}
        self._early: dict[int, Callable[[Process], None]] = {}
        """By question: what happens to the process that begins to answer it."""
        self._left: set[int] = set()
        """Questions whose users never come back."""
        self._silent = {action.ask for action in plan.actions if action.kind is Kind.NEVER_OPENS}
        self._clients: list[Client] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._known: dict[int, list[Client]] = {}

    async def main(self) -> None:
        self.world.build()
        looking = asyncio.create_task(self._look())
        for action in self.plan.actions:
            await self._until(action.at)
            self._do(action)
        await self._until(
            max((action.at + action.seconds for action in self.plan.actions), default=0) + HEALING_SECONDS
        )
        self._heal()
        await self._everybody_ends()
        for ask, session_id in self._sessions.items():
            if ask not in self._left:
                self._open(ask, session_id, "late")
        await self._everybody_ends()
        looking.cancel()
        await self._processes_end()
        for client in self._clients:
            if client.name.startswith("late"):
                self._check_reader(client)
        await self._read_histories()
        self.observer.check_end()
        if left := self._working():
            self.observer.violated(f"still running: {left}")
        await self._until(self.loop.time() + BEGUN_SECONDS + 600)
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
        while self.loop.time() < ends_at and not all(task.done() for task in self._tasks):
            await asyncio.sleep(1.0)
        for task in self._tasks:
            if task.done():
                task.result()

    def _note(self, actor: str, what: str) -> None:
        if self._record:
            self.history.append((self.loop.time(), actor, what))

    def _spawn(self, coroutine: object) -> None:
        self._tasks.append(asyncio.create_task(coroutine))  # type: ignore[arg-type]

    # Actions.

    def _do(self, action: Action) -> None:
        if action.kind is Kind.ASK:
            self._spawn(self._ask(action))
        elif action.kind in _REDIS:
            self._fault(self.world.redis, action, _REDIS[action.kind])
        elif action.kind in _DATABASE:
            self._fault(self.world.database, action, _DATABASE[action.kind])
        else:
            self._others[action.kind](self, action)

    async def _ask(self, action: Action) -> None:
        self._note(
            action.user, f"asks {action.question!r} in {action.chat}" + ("" if action.use_cache else ", no cache")
        )
        prompt = Prompt(
            user_id=action.user,
            model_id="small",
            text=action.question,
            chat_id=action.chat,
            use_cache=action.use_cache,
        )
        start = start_of(self.world.backends)
        for _ in range(MAX_STARTS):
            if await self._start(action, lambda: start(prompt)):
                return
            await asyncio.sleep(1.0)

    async def _start(self, action: Action, start: Callable[[], Start]) -> bool:
        """Whether the user was given a session."""
        try:
            started = await self.world.in_process(f"start {action.ask}", start)
        except ChatError as error:
            self._note("start", f"refuses with {error.code}")
            return False
        assert isinstance(started, Start)
        session_id = started.session.session_id
        question = self._asks[action.ask].question
        self._sessions[action.ask] = session_id
        self.observer.began(session_id, action.user, question)
        if (early := self._early.pop(action.ask, None)) is not None:
            self.world.traps[self.observer.sessions[session_id].prompt_id] = early
        if action.ask not in self._silent:
            await self._open(action.ask, session_id, "tab", spawn=False).run()
        return True

    def _try_again(self, action: Action) -> None:
        """What "Try again" does: another session for the prompt that is there."""
        session = self.world.stored.sessions.get(self._sessions.get(action.ask, ""))
        if session is None:
            return
        self._fired(action, action.user)
        asked = Regeneration(action.user, "small", session.chat_id, session.prompt_message_id)
        regenerate = regenerate_of(self.world.backends)

        async def try_again() -> None:
            await self._start(action, lambda: regenerate(asked))

        self._spawn(try_again())

    def _open(self, ask: int, session_id: str, name: str, *, spawn: bool = True) -> Client:
        known = self._known.setdefault(ask, [])
        name = f"{name} {ask}.{len(known)}"
        client = Client(self.world, name, session_id, self._asks[ask].user, Random(f"{self.plan.seed}/{name}"))
        known.append(client)
        self._clients.append(client)
        if spawn:
            self._spawn(client.run())
        return client

    def _fault(self, conditions: object, action: Action, fault: Fault) -> None:
        process = None
        if action.kind in {Kind.REDIS_PARTITION, Kind.DB_PARTITION}:
            host = self.world.serving(self._sessions.get(action.ask, ""))
            if host is None:
                return
            process = host.process
        self._note("-", f"{action.kind} for {action.seconds} s" + (f": {process.name}" if process else ""))
        share = 1.0 if fault in _WHOLE else action.share
        conditions.begin(Window(fault, self.loop.time() + action.seconds, share, process))  # type: ignore[attr-defined]
        self.world.log.cut()

    def _client_of(self, action: Action) -> Client | None:
        known = [client for client in self._known.get(action.ask, ()) if not client.closed]
        return self.random.choice(known) if known else None

    def _cut(self, action: Action) -> None:
        if (client := self._client_of(action)) is not None:
            self._fired(action, client.name)
            client.cut()

    def _reload(self, action: Action) -> None:
        if (client := self._client_of(action)) is not None:
            self._fired(action, client.name)
            client.reload(keeps=action.keeps)

    def _open_again(self, action: Action) -> None:
        if (session_id := self._sessions.get(action.ask)) is not None:
            self._fired(action, self._open(action.ask, session_id, "another tab").name)

    def _stop(self, action: Action) -> None:
        if (session_id := self._sessions.get(action.ask)) is None:
            return
        self._fired(action, action.user)
        stop = stop_of(self.world.backends)

        async def ask_to_stop() -> None:
            try:
                state = await self.world.in_process(f"stop {action.ask}", lambda: stop(session_id, action.user))
                if state is SessionState.STREAMING:
                    self.observer.accepted_stop(session_id)
            except ChatError as error:
                self._note("stop", f"refuses with {error.code}")

        self._spawn(ask_to_stop())

    def _history(self, action: Action) -> None:
        if (ask := self._asks.get(action.ask)) is None:
            return
        self._fired(action, action.user)
        history = history_of(self.world.backends)
        expected = self.observer.told_in(ask.user, ask.chat)

        async def read() -> None:
            try:
                page = await self.world.in_process(
                    f"history {action.ask}", lambda: history(ask.user, ask.chat, limit=200, cursor=None)
                )
            except ChatError as error:
                self._note("history", f"refuses with {error.code}")
                if error.code == "chat_not_found" and expected:
                    self.observer.violated(f"{ask.chat} is not found, in which {expected} were asked")
                return
            assert isinstance(page, HistoryPage)
            self.observer.read(ask.user, expected, page.messages)

        self._spawn(read())

    def _freeze(self, action: Action) -> None:
        if (host := self.world.serving(self._sessions.get(action.ask, ""))) is None:
            return
        self._fired(action, host.process.name, f"{action.kind} for {action.seconds} s")
        self.loop.freeze(host.process)
        self.loop.call_later(action.seconds, self.loop.thaw, host.process)

    def _leave(self, action: Action) -> None:
        self._fired(action, action.user)
        self._left.add(action.ask)
        for client in self._known.get(action.ask, ()):
            client.closed = True
            client.cut()

    def _kill(self, action: Action) -> None:
        if (host := self.world.serving(self._sessions.get(action.ask, ""))) is not None:
            self._fired(action, host.process.name)
            self.world.kill(host)

    def _freeze_early(self, action: Action) -> None:
        def freeze(process: Process) -> None:
            if not process.dead:
                self._fired(action, process.name, f"{action.kind}, for {action.seconds} s")
                self.loop.freeze(process)
                self.loop.call_later(action.seconds, self.loop.thaw, process)

        self._early[action.ask] = freeze

    def _kill_early(self, action: Action) -> None:
        def kill(process: Process) -> None:
            if not process.dead:
                self._fired(action, process.name)
                self.world.kill(self.world.host_of(process))

        self._early[action.ask] = kill

    def _sigterm(self, action: Action) -> None:
        if (host := self.world.serving(self._sessions.get(action.ask, ""))) is not None:
            self._fired(action, host.process.name)
            host.retired = True
            host.context.run(host.stopping.set)
            self.loop.call_later(0.5, self.world.kill, host)

    def _deploy(self, action: Action) -> None:
        self._fired(action, "-")
        self.world.deploy()

    def _lose_all(self, action: Action) -> None:
        self._fired(action, "-")
        self.world.redis.disturbed(1.0)
        self.world.log.lose_all()
        self.world.flight.lose_all()
        self.world.cache.answers.clear()

    def _evict(self, action: Action) -> None:
        if (session_id := self._sessions.get(action.ask)) is not None:
            self._fired(action, "-")
            self.world.redis.disturbed(1.0)
            self.world.log.lose_entries(session_id)

    def _run_cleanup(self, action: Action) -> None:
        self._fired(action, "-")
        self._spawn(self._cleanup())

    async def _cleanup(self) -> None:
        ends_at = self.loop.time() + CLEANUP_SECONDS
        cleanup = cleanup_of(self.world.backends)
        try:
            await self.world.in_process("cleanup", lambda: cleanup.run(lambda: ends_at - self.loop.time()))
        except ChatError as error:
            self._note("cleanup", f"fails with {error.code}")

    def _nothing(self, action: Action) -> None:
        """What other actions look at."""

    def _heal(self) -> None:
        self._note("-", "everything works from here on")
        self.world.database.heal()
        self.world.redis.heal()
        for host in self.world.processes:
            if host.process.frozen:
                self.loop.thaw(host.process)

    def _fired(self, action: Action, actor: str, what: str | None = None) -> None:
        self.world.fired[str(action.kind)] += 1
        self._note(actor, what or str(action.kind))

    _others: dict[Kind, Callable[["_Run", Action], None]] = {  # noqa: RUF012  # never changed
        Kind.CUT: _cut,
        Kind.RELOAD: _reload,
        Kind.OPEN_AGAIN: _open_again,
        Kind.STOP: _stop,
        Kind.HISTORY: _history,
        Kind.TRY_AGAIN: _try_again,
        Kind.LEAVE: _leave,
        Kind.FREEZE: _freeze,
        Kind.KILL: _kill,
        Kind.FREEZE_EARLY: _freeze_early,
        Kind.KILL_EARLY: _kill_early,
        Kind.SIGTERM: _sigterm,
        Kind.DEPLOY: _deploy,
        Kind.REDIS_LOSES_ALL: _lose_all,
        Kind.REDIS_EVICTS: _evict,
        Kind.CLEANUP: _run_cleanup,
        Kind.NEVER_OPENS: _nothing,
    }
