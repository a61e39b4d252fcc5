"""The four functions' use cases, built for a simulated process as their compositions build them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chat.auth.access import Access
from chat.auth.secrets import AuthSecret
from chat.catalog import Catalog
from chat.clock import Clock
from chat.ids import new_id
from chat.metrics import Metrics
from chat.redis.statistics import RedisStatistics
from chat.sessions import Session
from chat.sharing.event_log import LogControl
from chat.users import Tier
from chat_cleanup.redis_side import RedisSide
from chat_cleanup.service import Cleanup
from chat_cleanup.settings import CleanupSettings
from chat_history.cursors import Cursors
from chat_history.history import ReadHistory
from chat_start.admission import Admission
from chat_start.regenerate import RegenerateAnswer
from chat_start.start_chat import StartChat
from chat_start.stop_chat import StopChat
from chat_stream.answers.answers import Answers, SharedAnswerStores
from chat_stream.attach.attacher import SessionAttacher
from chat_stream.attach.chat_streams import ChatStreams
from chat_stream.attach.settler import SessionSettler
from chat_stream.commands.registry import build_registry
from chat_stream.generation.answer_slots import AnswerSlots
from chat_stream.generation.generations import GenerationRequest, Generations
from chat_stream.readers.session_reader import SessionReaders
from chat_stream.settings import StreamSettings
from chat_stream.telemetry.generation_metrics import GenerationMetrics
from chat_stream.telemetry.stream_record import StreamRecords
from chat_stream.writer import EventWriter
from simulation.engine.loop import SimLoop
from simulation.engine.threads import SimExecutor
from simulation.world.database import (
    SimCleanupRecord,
    SimMessageStore,
    SimRateLimiter,
    SimSessionIndex,
    SimSessionStore,
    SimStreamSlots,
    SimUserStore,
)
from simulation.world.provider import SimProvider
from simulation.world.redis import SimEventLog, SimResponseCache, SimSingleFlight

VARIABLES = {
    "SESSIONS_TABLE": "sessions",
    "CHATS_TABLE": "chats",
    "USERS_TABLE": "users",
    "JWT_ISSUER": "issuer",
    "JWT_AUDIENCE": "audience",
    "AUTH_SECRET": "s" * 32,
}
SETTINGS = {
    1: StreamSettings.from_environ(VARIABLES),
    2: StreamSettings.from_environ(
        VARIABLES | {"LEASE_SECONDS": "8", "CHECKPOINT_SECONDS": "1.5", "FOLLOW_POLL_SECONDS": "0.4"}
    ),
}
"""By the version of a process: two that are deployed at the same time may differ."""
SESSION_SECONDS = 600
CLEANUP_SETTINGS = CleanupSettings(sessions_table="sessions", chats_table="chats", users_table="users")
COMMANDS = build_registry()


class NoMetrics(Metrics):
    """Nobody looks."""

    def publish(self, *_: Any, **__: Any) -> None:
        return


@dataclass(slots=True, kw_only=True)
class Backends:
    """What all processes share."""

    loop: SimLoop
    clock: Clock
    catalog: Catalog
    users: SimUserStore
    sessions: SimSessionStore
    messages: SimMessageStore
    slots: SimStreamSlots
    index: SimSessionIndex
    record: SimCleanupRecord
    provider: SimProvider
    rate_limiter: SimRateLimiter
    log: SimEventLog | None
    control: LogControl
    cache: SimResponseCache
    flight: SimSingleFlight
    scope_to_user: bool


@dataclass(frozen=True, slots=True)
class WatchedGenerations(Generations):
    """Calls `watch` when a generation begins (True), and when it ends (False); that of a killed process never does."""

    watch: Callable[[Session, bool], None] = lambda *_: None

    async def run(self, request: GenerationRequest, writer: EventWriter, metrics: GenerationMetrics) -> None:
        session = request.decision.session
        self.watch(session, True)
        try:
            await Generations.run(self, request, writer, metrics)
        finally:
            self.watch(session, False)


def streams_of(backends: Backends, version: int, watch: Callable[[Session, bool], None]) -> ChatStreams:
    """The stream function; for `watch` see `WatchedGenerations`."""
    settings = SETTINGS[version]
    readers = SessionReaders(backends.sessions, backends.log, settings.follow_poll_seconds)
    slots = AnswerSlots(backends.slots, backends.sessions, backends.catalog, backends.clock)
    sharing = None
    if backends.log is not None:
        sharing = SharedAnswerStores(
            backends.cache,
            backends.flight,
            readers,
            backends.messages,
            backends.clock,
            scope_to_user=backends.scope_to_user,
        )
    records = StreamRecords(NoMetrics(), backends.catalog)
    return ChatStreams(
        access=Access(backends.users, backends.clock, default_tier=Tier.BASIC),
        sessions=backends.sessions,
        messages=backends.messages,
        attaching=SessionAttacher(
            sessions=backends.sessions,
            messages=backends.messages,
            slots=slots,
            catalog=backends.catalog,
            clock=backends.clock,
            settings=settings,
            new_owner=new_id,
        ),
        generations=WatchedGenerations(
            sessions=backends.sessions,
            messages=backends.messages,
            slots=slots,
            catalog=backends.catalog,
            commands=COMMANDS,
            answers=Answers(backends.provider, sharing),
            clock=backends.clock,
            settings=settings,
            log=backends.log,
            watch=watch,
        ),
        readers=readers,
        clock=backends.clock,
        records=records,
        settler=SessionSettler(backends.sessions, backends.log, records.settled),
    )


def start_of(backends: Backends) -> StartChat:
    """POST /chat/start with a prompt."""
    return StartChat(
        admission=_admission(backends),
        sessions=backends.sessions,
        clock=backends.clock,
        max_prompt_chars=1000,
        session_seconds=SESSION_SECONDS,
        metrics=NoMetrics(),
    )


def regenerate_of(backends: Backends) -> RegenerateAnswer:
    """POST /chat/start for a prompt that is there."""
    return RegenerateAnswer(
        admission=_admission(backends),
        sessions=backends.sessions,
        messages=backends.messages,
        control=backends.control,
        clock=backends.clock,
        session_seconds=SESSION_SECONDS,
        metrics=NoMetrics(),
    )


def _admission(backends: Backends) -> Admission:
    return Admission(
        access=Access(backends.users, backends.clock, default_tier=Tier.BASIC),
        catalog=backends.catalog,
        rate_limiter=backends.rate_limiter,
        metrics=NoMetrics(),
    )


def stop_of(backends: Backends) -> StopChat:
    """POST /chat/stop."""
    return StopChat(
        access=Access(backends.users, backends.clock, default_tier=Tier.BASIC),
        sessions=backends.sessions,
        control=backends.control,
        clock=backends.clock,
        catalog=backends.catalog,
        metrics=NoMetrics(),
    )


def history_of(backends: Backends) -> ReadHistory:
    """GET /chat/history."""
    secret = AuthSecret.parse("s" * 32)
    return ReadHistory(
        access=Access(backends.users, backends.clock, default_tier=Tier.BASIC),
        messages=backends.messages,
        sessions=backends.sessions,
        clock=backends.clock,
        cursors=Cursors(lambda: secret),
    )


def cleanup_of(backends: Backends) -> Cleanup:
    """The scheduled cleanup."""

    @contextmanager
    def redis() -> Iterator[RedisSide]:
        yield RedisSide(backends.control, RedisStatistics)

    return Cleanup(
        index=backends.index,
        sessions=backends.sessions,
        record=backends.record,
        redis=redis,
        metrics=NoMetrics(),
        clock=backends.clock,
        settings=CLEANUP_SETTINGS,
        new_executor=lambda _: SimExecutor(backends.loop),
    )
