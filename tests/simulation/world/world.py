"""The simulated world of one run: processes, the stores behind them, and the clients' connections."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from chat import events
from chat.catalog import Catalog, TierLimits
from chat.errors import ChatError
from chat.redis import NoLogControl
from chat.sessions import AttachDecision, AttachRole, Viewer
from chat.users import Tier
from chat_stream.attach.attacher import AttachRequest
from chat_stream.attach.chat_streams import ChatStreams
from chat_stream.outcome import failure_of
from chat_stream.writer import EventStream
from fakes.functions.stream_world import MODEL
from fakes.memory.cleanup import MemoryCleanupRecord, MemorySessionIndex
from fakes.memory.database import MemoryDatabase
from fakes.memory.event_log import MemoryLogControl
from fakes.memory.limits import MemoryRateLimiter, MemoryStreamSlots
from fakes.memory.message_store import MemoryMessageStore
from fakes.memory.response_cache import MemoryResponseCache
from fakes.memory.session_store import MemorySessionStore
from fakes.memory.single_flight import MemorySingleFlight
from fakes.memory.user_store import MemoryUserStore
from simulation.engine.loop import SimLoop
from simulation.engine.process import CURRENT, Process
from simulation.plan import Plan
from simulation.world.clocks import ProcessClock, TrueClock
from simulation.world.conditions import Conditions
from simulation.world.connection import CONNECTION, Connection, Event, never
from simulation.world.database import (
    Database,
    SimCleanupRecord,
    SimMessageStore,
    SimRateLimiter,
    SimSessionIndex,
    SimSessionStore,
    SimStreamSlots,
    SimUserStore,
)
from simulation.world.provider import SimProvider
from simulation.world.redis import Redis, SimEventLog, SimLogControl, SimResponseCache, SimSingleFlight
from simulation.world.service import SETTINGS, Backends, streams_of

if TYPE_CHECKING:
    from simulation.observer import Observer

CONCURRENT_STREAMS = 2
MAX_SKEW_SECONDS = 0.25
NETWORK_SECONDS = 0.03
EARLY_SECONDS = 0.08
"""Faults hit a new producer within this time, in which it claims the flight, reads the cache and calls the provider."""
LIMIT_SECONDS = 2.5
"""From a stream's soft deadline to its hard deadline."""


@dataclass(slots=True)
class StreamProcess:
    """A process of the stream function."""

    process: Process
    streams: ChatStreams
    context: Context
    stopping: asyncio.Event
    running: int = 0
    retired: bool = False
    """Accepts no more requests."""


@dataclass
class World:
    """The processes, stores and clients of one simulated run."""

    plan: Plan
    loop: SimLoop
    random: Random
    observer: "Observer"
    fired: Counter[str]
    """Counts the faults that happen."""
    version: int = 1
    processes: list[StreamProcess] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    """Those that the server has not closed."""
    traps: dict[str, Callable[[Process], None]] = field(default_factory=dict)
    """By prompt message id: called with the next process that becomes the prompt's producer."""
    slot_traps: dict[str, Callable[[Process], None]] = field(default_factory=dict)
    """By session id: called with the next process that takes a slot for the session, before it attaches."""

    def build(self) -> None:
        """The stores, and what all processes share."""
        plan, loop = self.plan, self.loop
        self.outside = CURRENT.get()
        self.outside_context = copy_context()
        self.database = Conditions("DynamoDB", loop, self.random, self.fired)
        self.redis = Conditions("Redis", loop, self.random, self.fired)
        self.stored = MemoryDatabase()
        database, redis = Database(self.database), Redis(self.redis)
        memory_sessions = MemorySessionStore(self.stored)
        self.slots = MemoryStreamSlots()
        self.flight = MemorySingleFlight(TrueClock(loop))
        self.cache = MemoryResponseCache()
        self.log = SimEventLog(redis)
        clock = ProcessClock(loop)
        self.provider = SimProvider(loop, plan.seed, self.fired, self.observer.asked)
        self.limits = TierLimits(requests_per_minute=plan.requests_per_minute, concurrent_streams=CONCURRENT_STREAMS)
        observer = self.observer
        self.rate_limiter = SimRateLimiter(
            database, MemoryRateLimiter(clock), observer.rate_limit_changed, self._rate_limited
        )
        self.backends = Backends(
            loop=loop,
            clock=clock,
            catalog=Catalog([MODEL], dict.fromkeys(Tier, self.limits)),
            users=SimUserStore(database, MemoryUserStore(self.stored)),
            sessions=SimSessionStore(database, memory_sessions, self._attached),
            messages=SimMessageStore(database, MemoryMessageStore(self.stored)),
            slots=SimStreamSlots(database, self.slots, self._acquired),
            index=SimSessionIndex(database, MemorySessionIndex(self.stored)),
            record=SimCleanupRecord(database, MemoryCleanupRecord(self.stored)),
            provider=self.provider,
            rate_limiter=self.rate_limiter,
            log=self.log if plan.has_redis else None,
            control=SimLogControl(redis, MemoryLogControl(self.log)) if plan.has_redis else NoLogControl(),
            cache=SimResponseCache(redis, self.cache),
            flight=SimSingleFlight(redis, self.flight, self.observer.claimed),
            scope_to_user=plan.scope_to_user,
        )

    def connect(
        self,
        session_id: str,
        user_id: str,
        *,
        seen: int,
        viewer: Viewer,
        receive: Callable[[Connection, Event], None],
        ended: Callable[[Connection], None],
    ) -> Connection:
        """A request for a stream; what the server sends reaches the client a moment later, in order."""
        host = self._host()
        arrival = _InOrder(self)

        def on_event(connection: Connection, event: Event) -> None:
            self.observer.sent(connection, event)
            arrival.later(lambda: receive(connection, event))

        def on_end(connection: Connection) -> None:
            self.connections.remove(connection)
            self.observer.closed(connection)
            arrival.later(lambda: ended(connection))

        connection = Connection(
            session_id=session_id,
            viewer=viewer,
            process=host.process,
            opened_at=self.loop.time(),
            seen=seen,
            on_event=on_event,
            on_end=on_end,
            on_violation=self.observer.violated,
            time=self.loop.time,
            position=seen,
            last_sent_at=self.loop.time(),
        )
        self.connections.append(connection)
        host.running += 1
        host.context.run(
            self.loop.create_task, self._serve(host, connection, user_id, viewer), context=_serving(host, connection)
        )
        return connection

    def in_process(self, name: str, call: Callable[[], object]) -> "asyncio.Future[object]":
        """Runs blocking code in a new process; the result arrives in the caller's process."""
        process = self.new_process(name)
        context = copy_context()
        context.run(CURRENT.set, process)
        done: asyncio.Future[object] = self.loop.create_future()
        self.loop.call_later(self.network_seconds(), self.loop.start_thread, done, call, context=context)
        return done

    def new_process(self, name: str) -> Process:
        skew_seconds = (2 * self.random.random() - 1) * MAX_SKEW_SECONDS
        return Process(name, skew_seconds=skew_seconds, version=self.version)

    def network_seconds(self) -> float:
        return NETWORK_SECONDS * self.random.random()

    def serving(self, session_id: str) -> StreamProcess | None:
        """The process that produces the session's answer; if none does, one that has a stream of it open."""
        producer = self.observer.producer_of(session_id)
        if producer is not None:
            return self.host_of(producer.process)
        open_ones = [connection for connection in self.connections if connection.session_id == session_id]
        return self.host_of(open_ones[-1].process) if open_ones else None

    def deploy(self) -> None:
        """New requests go to processes of another version; running requests finish."""
        self.version = 2 if self.version == 1 else 1
        for host in self.processes:
            host.retired = True

    def host_of(self, process: Process) -> StreamProcess:
        return next(host for host in self.processes if host.process is process)

    def kill(self, host: StreamProcess) -> None:
        host.retired = True
        self.loop.kill(host.process)
        for connection in [each for each in self.connections if each.process is host.process]:
            connection.end()

    def _host(self) -> StreamProcess:
        most = self.plan.streams_per_process
        for host in self.processes:
            if not (host.retired or host.process.dead) and host.running < most:
                return host
        process = self.new_process(f"stream {len(self.processes) + 1}")
        context = copy_context()
        context.run(CURRENT.set, process)
        stopping = context.run(asyncio.Event)
        host = StreamProcess(
            process, streams_of(self.backends, self.version, self.observer.generating), context, stopping
        )
        self.processes.append(host)
        return host

    async def _serve(self, host: StreamProcess, connection: Connection, user_id: str, viewer: Viewer) -> None:
        """What `chat_stream.app` does with a request."""
        await asyncio.sleep(self.network_seconds())
        now = self.loop.time()
        deadline = now + self.plan.timeout_seconds - SETTINGS[host.process.version].deadline_margin_seconds
        connection.deadline = deadline
        attach = AttachRequest(
            connection.session_id,
            user_id,
            connection.seen,
            deadline,
            deadline + LIMIT_SECONDS,
            now,
            viewer,
            host.stopping,
        )
        timeout = self.loop.call_later(
            self.plan.timeout_seconds, self.observer.outlived, host.process, context=self.outside_context
        )
        try:
            body = await host.streams.open(attach)
        except ChatError as error:
            self.observer.refused(connection, user_id, error)

            async def body(writer: object, data: bytes = events.refusal(failure_of(error))) -> None:
                await writer.write(data)  # type: ignore[attr-defined]

        if body is None:
            connection.end(nothing_left=True)
        else:
            ping_seconds = SETTINGS[host.process.version].ping_seconds
            await EventStream(body, ping_seconds=ping_seconds)({"type": "http"}, never, connection.send)
        timeout.cancel()
        connection.end()
        host.running -= 1

    def _acquired(self, session_id: str) -> None:
        self.observer.took_slot(session_id)
        if (trap := self.slot_traps.pop(session_id, None)) is not None:
            self.loop.call_later(0, trap, CURRENT.get(), context=self.outside_context)

    def _rate_limited(self, user_id: str) -> None:
        self.fired["rate limit refuses"] += 1
        self.observer.rate_limited(user_id)

    def _attached(self, attachment: AttachDecision) -> None:
        self.observer.attached(attachment)
        if attachment.role is AttachRole.PRODUCE:
            process = CURRENT.get()
            self.observer.produced(attachment.session, process)
            trap = self.traps.pop(attachment.session.prompt_message_id, None)
            if trap is not None:
                self.loop.call_later(EARLY_SECONDS * self.random.random(), trap, process, context=self.outside_context)


class _InOrder:
    """The network between a server and a client: no message overtakes another."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._last = 0.0

    def later(self, call: Callable[[], None]) -> None:
        world = self._world
        self._last = max(self._last, world.loop.time() + world.network_seconds())
        world.loop.call_at(self._last, call, context=world.outside_context)


def _serving(host: StreamProcess, connection: Connection) -> Context:
    context = host.context.run(copy_context)
    context.run(CONNECTION.set, connection)
    return context
