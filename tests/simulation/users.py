"""What users do: they ask, open tabs, lose connections, reload, stop, look into the history, leave."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from chat.errors import ChatError
from chat.sessions import SessionState
from chat_history.history import HistoryPage
from chat_start.requests import Prompt, Regeneration, Start
from simulation.engine.process import Process
from simulation.plan import Action, Kind, Plan
from simulation.record import Record
from simulation.world.client import Client
from simulation.world.service import history_of, regenerate_of, start_of, stop_of
from simulation.world.world import World

MAX_STARTS = 4
"""How often a user sends the same prompt again that was refused."""


class Users:
    """The users of a run, and their clients."""

    def __init__(self, plan: Plan, world: World, record: Record, random: Random) -> None:
        self.clients: list[Client] = []
        self.tasks: list[asyncio.Task[None]] = []
        """What users and their clients are at."""
        self.sessions: dict[int, str] = {}
        """The newest session of each question."""
        self.early: dict[int, Callable[[Process], None]] = {}
        """By question: what happens to the process that begins to answer it."""
        self.attaching: dict[int, Callable[[Process], None]] = {}
        """By question: what happens to the process that has taken a slot for its answer."""
        self.actions: dict[Kind, Callable[[Action], None]] = {
            Kind.ASK: self._ask,
            Kind.CUT: self._cut,
            Kind.RELOAD: self._reload,
            Kind.OPEN_AGAIN: self._open_again,
            Kind.STOP: self._stop,
            Kind.HISTORY: self._history,
            Kind.TRY_AGAIN: self._try_again,
            Kind.LEAVE: self._leave,
        }
        self._plan = plan
        self._world = world
        self._record = record
        self._random = random
        self._asks = {action.ask: action for action in plan.actions if action.kind is Kind.ASK}
        self._silent = {action.ask for action in plan.actions if action.kind is Kind.NEVER_OPENS}
        self._left: set[int] = set()
        """Questions whose users never return."""
        self._too_late: list[int] = []
        """Questions whose users first open the stream after its expiry."""
        self._known: dict[int, list[Client]] = {}

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))

    def come_back(self) -> None:
        """Every user who has not left opens the page once more, some of them for the first time and too late."""
        for ask, session_id in self.sessions.items():
            if ask in self._silent and self._random.random() < 1 / 2:
                self._too_late.append(ask)
            elif ask not in self._left:
                self._open(ask, session_id, "late")

    def come_too_late(self) -> None:
        """The others open the page when their sessions have expired."""
        for ask in self._too_late:
            self._open(ask, self.sessions[ask], "too late")

    def _ask(self, action: Action) -> None:
        self.spawn(self._ask_until_granted(action))

    async def _ask_until_granted(self, action: Action) -> None:
        self._record.note(
            action.user, f"asks {action.question!r} in {action.chat}" + ("" if action.use_cache else ", no cache")
        )
        prompt = Prompt(
            user_id=action.user,
            model_id="small",
            text=action.question,
            chat_id=action.chat,
            use_cache=action.use_cache,
        )
        start = start_of(self._world.backends)
        for _ in range(MAX_STARTS):
            if await self._start(action, lambda: start(prompt)):
                return
            await asyncio.sleep(1.0)

    async def _start(self, action: Action, start: Callable[[], Start]) -> bool:
        """Whether the user was given a session."""
        try:
            started = await self._world.in_process(f"start {action.ask}", start)
        except ChatError as error:
            self._record.note("start", f"refuses with {error.code}")
            return False
        assert isinstance(started, Start)
        session_id = started.session.session_id
        question = self._asks[action.ask].question
        self.sessions[action.ask] = session_id
        self._world.observer.began(session_id, action.user, question)
        if (early := self.early.pop(action.ask, None)) is not None:
            self._world.traps[self._world.observer.sessions[session_id].prompt_id] = early
        if (attaching := self.attaching.pop(action.ask, None)) is not None:
            self._world.slot_traps[session_id] = attaching
        if action.ask not in self._silent:
            await self._open(action.ask, session_id, "tab", spawn=False).run()
        return True

    def _try_again(self, action: Action) -> None:
        """What "Try again" does: another session for the prompt that is there."""
        session = self._world.stored.sessions.get(self.sessions.get(action.ask, ""))
        if session is None:
            return
        self._record.happened(action, action.user)
        asked = Regeneration(action.user, "small", session.chat_id, session.prompt_message_id)
        regenerate = regenerate_of(self._world.backends)

        async def try_again() -> None:
            await self._start(action, lambda: regenerate(asked))

        self.spawn(try_again())

    def _open(self, ask: int, session_id: str, name: str, *, spawn: bool = True) -> Client:
        known = self._known.setdefault(ask, [])
        name = f"{name} {ask}.{len(known)}"
        client = Client(self._world, name, session_id, self._asks[ask].user, Random(f"{self._plan.seed}/{name}"))
        known.append(client)
        self.clients.append(client)
        if spawn:
            self.spawn(client.run())
        return client

    def _open_again(self, action: Action) -> None:
        if (session_id := self.sessions.get(action.ask)) is not None:
            self._record.happened(action, self._open(action.ask, session_id, "another tab").name)

    def _client_of(self, action: Action) -> Client | None:
        known = [client for client in self._known.get(action.ask, ()) if not client.closed]
        return self._random.choice(known) if known else None

    def _cut(self, action: Action) -> None:
        if (client := self._client_of(action)) is not None:
            self._record.happened(action, client.name)
            client.cut()

    def _reload(self, action: Action) -> None:
        if (client := self._client_of(action)) is not None:
            self._record.happened(action, client.name)
            client.reload(keeps=action.keeps)

    def _leave(self, action: Action) -> None:
        self._record.happened(action, action.user)
        self._left.add(action.ask)
        for client in self._known.get(action.ask, ()):
            client.closed = True
            client.cut()

    def _stop(self, action: Action) -> None:
        if (session_id := self.sessions.get(action.ask)) is None:
            return
        self._record.happened(action, action.user)
        stop = stop_of(self._world.backends)

        async def ask_to_stop() -> None:
            try:
                state = await self._world.in_process(f"stop {action.ask}", lambda: stop(session_id, action.user))
                if state is SessionState.STREAMING:
                    self._world.observer.accepted_stop(session_id)
            except ChatError as error:
                self._record.note("stop", f"refuses with {error.code}")

        self.spawn(ask_to_stop())

    def _history(self, action: Action) -> None:
        if (ask := self._asks.get(action.ask)) is None:
            return
        self._record.happened(action, action.user)
        history = history_of(self._world.backends)
        expected = self._world.observer.told_in(ask.user, ask.chat)

        async def read() -> None:
            try:
                page = await self._world.in_process(
                    f"history {action.ask}", lambda: history(ask.user, ask.chat, limit=200, cursor=None)
                )
            except ChatError as error:
                self._record.note("history", f"refuses with {error.code}")
                if error.code == "chat_not_found" and expected:
                    self._world.observer.violated(f"{ask.chat} is not found, in which {expected} were asked")
                return
            assert isinstance(page, HistoryPage)
            self._world.observer.read(ask.user, expected, page.messages)

        self.spawn(read())
