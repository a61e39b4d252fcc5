"""The cleanup over stores in memory, with time that a test moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from chat.ids import least_id, new_id
from chat.metrics import Metric
from chat.redis.statistics import RedisStatistics
from chat.sessions import AttachDecision, Session
from chat.sessions.index import Position, shard_of
from chat_cleanup.redis_side import RedisSide
from chat_cleanup.service import Cleanup
from chat_cleanup.settings import CleanupSettings
from fakes.clock import FakeClock
from fakes.conversation import LEASE_SECONDS, NOW, Conversation, Stores
from fakes.memory.cleanup import MemoryCleanupRecord, MemorySessionIndex
from fakes.memory.database import MemoryDatabase
from fakes.memory.message_store import MemoryMessageStore
from fakes.memory.session_store import MemorySessionStore
from fakes.memory.user_store import MemoryUserStore
from fakes.recorded_metrics import RecordedMetrics

LAMBDA_SECONDS = 120.0
SETTINGS = CleanupSettings(
    sessions_table="SessionsTable", chats_table="ChatsTable", users_table="UsersTable", cleanup_threads=4
)


class FakeLogControl:
    """A `chat.sharing.event_log.LogControl` that knows these texts, by session and epoch."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, int], str] = {}

    def request_stop(self, session_id: str) -> None:
        raise NotImplementedError

    def text(self, session_id: str, *, epoch: int) -> str | None:
        return self.texts.get((session_id, epoch))


@dataclass
class FakeTime:
    """An invocation's remaining time; each read of it takes `seconds_a_look`."""

    left: float = LAMBDA_SECONDS
    seconds_a_look: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def __call__(self) -> float:
        with self._lock:
            self.left -= self.seconds_a_look
            return self.left


class CleanupWorld:
    """A cleanup, what it works on, and what it published."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()
        self.index = MemorySessionIndex(self.database)
        self.record = MemoryCleanupRecord(self.database)
        self.sessions = MemorySessionStore(self.database)
        self.metrics = RecordedMetrics()
        self.clock = FakeClock(NOW)
        self.control = FakeLogControl()
        self.statistics = RedisStatistics()
        self.stores = Stores(
            self.sessions, MemoryMessageStore(self.database), MemoryUserStore(self.database), self.index, self.record
        )

    def conversation(self) -> Conversation:
        """A new chat of a new user."""
        return Conversation(self.stores)

    def start(self, conversation: Conversation | None = None, shard: int | None = None) -> Session:
        """A session that begins now, in that shard."""
        session_id = self._new_id()
        while shard is not None and shard_of(session_id) != shard:
            session_id = self._new_id()
        return (conversation or self.conversation()).start(now=self.clock.now(), session_id=session_id)

    def attach(self, session: Session) -> AttachDecision:
        """Its producer begins now."""
        return self.sessions.attach(
            session.session_id,
            user_id=session.user_id,
            owner="tab",
            now=self.clock.now(),
            lease_seconds=LEASE_SECONDS,
            max_attaches=10,
        )

    def cut_off(self, text: str = "Once upon", conversation: Conversation | None = None) -> Session:
        """A session whose producer checkpointed this text and then fell silent."""
        lease = self.attach(self.start(conversation)).lease
        self.sessions.checkpoint(lease, text=text, now=self.clock.now(), lease_seconds=LEASE_SECONDS)
        found = self.sessions.get(lease.session_id)
        assert found is not None
        return found

    def run(self, time: FakeTime | None = None) -> dict[str, float]:
        """One run in a new process."""
        return self.cleanup().run(time or FakeTime())

    def cleanup(self) -> Cleanup:
        return Cleanup(
            index=self.index,
            sessions=self.sessions,
            record=self.record,
            redis=self._redis,
            metrics=self.metrics,
            clock=self.clock,
            settings=SETTINGS,
        )

    def gauge(self, metric: Metric) -> float:
        """As the last run published it."""
        (value,) = self.metrics.records[-1].values[metric]
        return value

    @property
    def positions(self) -> tuple[Position, ...]:
        return self.record.positions

    def _new_id(self) -> str:
        """A ULID of this time."""
        return least_id(self.clock.now())[:10] + new_id()[10:]

    @contextmanager
    def _redis(self) -> Iterator[RedisSide]:
        yield RedisSide(self.control, lambda: self.statistics)
