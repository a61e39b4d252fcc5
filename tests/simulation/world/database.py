"""The storage ports over a network: the memory stores, reached by simulated threads that wait and fail."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from chat.catalog import TierLimits
from chat.errors import StorageError
from chat.limits import Allowance, Slot
from chat.messages import Message, MessagePage, StoredPrompt
from chat.sessions import AttachDecision, Failure, Lease, Session, SessionNotStoredError, SessionState
from chat.sessions.index import IndexPage, Position
from chat.users import Tier, User
from fakes.memory.cleanup import MemoryCleanupRecord, MemorySessionIndex
from fakes.memory.limits import MemoryRateLimiter, MemoryStreamSlots
from fakes.memory.message_store import MemoryMessageStore
from fakes.memory.session_store import MemorySessionStore
from fakes.memory.user_store import MemoryUserStore
from simulation.world.conditions import Conditions, Fault

TIMEOUT_SECONDS = (0.2, 1.2)
"""After which a call without an answer is given up."""


class Database:
    """DynamoDB: one decision a call, atomic, at a moment between the call and its answer."""

    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions

    def call[T](self, work: Callable[[], T], refusal: type[StorageError] = StorageError) -> T:
        """Raises StorageError: with or without `work` done; `refusal` if it certainly was not."""
        conditions = self.conditions
        fault = conditions.fault()
        pause = conditions.loop.pause
        pause(conditions.way_seconds(fault))
        if fault is Fault.DOWN:
            pause(self._timeout())
            raise StorageError("The database does not answer.")
        if fault is Fault.FAILS:
            raise refusal("The database refuses.")
        result = work()
        if fault is Fault.LOSES_ANSWERS:
            pause(self._timeout())
            raise StorageError("The database's answer got lost.")
        pause(conditions.way_seconds(fault))
        return result

    def quietly(self, work: Callable[[], Any]) -> None:
        """A call that must not raise."""
        try:
            self.call(work)
        except StorageError:
            return

    def _timeout(self) -> float:
        low, high = TIMEOUT_SECONDS
        return low + (high - low) * self.conditions.random.random()


class SimSessionStore:
    """A `chat.sessions.SessionStore`; `attached` is called with each attachment, as it is stored."""

    def __init__(
        self, database: Database, store: MemorySessionStore, attached: Callable[[AttachDecision], None]
    ) -> None:
        self.started = 0
        """Sessions that were stored."""
        self.unknown = 0
        """Starts of which their caller cannot tell whether they stored a session."""
        self._database = database
        self._store = store
        self._attached = attached

    def start(self, session: Session, prompt: Message) -> None:
        def start() -> None:
            self._store.start(session, prompt)
            self.started += 1

        with self._counted():
            self._database.call(start, SessionNotStoredError)

    def restart(self, session: Session, *, replaced: str) -> bool:
        def restart() -> bool:
            stored = self._store.restart(session, replaced=replaced)
            self.started += stored
            return stored

        with self._counted():
            return self._database.call(restart, SessionNotStoredError)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except SessionNotStoredError:
            raise
        except StorageError:
            self.unknown += 1
            raise

    def get(self, session_id: str) -> Session | None:
        return self._database.call(lambda: self._store.get(session_id))

    def get_many(self, session_ids: Sequence[str]) -> Mapping[str, Session]:
        return self._database.call(lambda: self._store.get_many(session_ids))

    def attach(self, session_id: str, **options: Any) -> AttachDecision:
        def attach() -> AttachDecision:
            attachment = self._store.attach(session_id, **options)
            self._attached(attachment)
            return attachment

        return self._database.call(attach)

    def checkpoint(self, lease: Lease, *, text: str | None, now: float, lease_seconds: float) -> bool:
        return self._database.call(
            lambda: self._store.checkpoint(lease, text=text, now=now, lease_seconds=lease_seconds)
        )

    def finish(
        self, session: Session, *, state: SessionState, answer: Message | None, failure: Failure | None = None
    ) -> None:
        self._database.call(lambda: self._store.finish(session, state=state, answer=answer, failure=failure))

    def settle(
        self,
        session: Session,
        *,
        now: float,
        state: SessionState,
        answer: Message | None,
        failure: Failure | None = None,
    ) -> bool:
        return self._database.call(
            lambda: self._store.settle(session, now=now, state=state, answer=answer, failure=failure)
        )

    def request_stop(self, session_id: str, *, user_id: str, now: float) -> Session:
        return self._database.call(lambda: self._store.request_stop(session_id, user_id=user_id, now=now))


class SimMessageStore:
    """A `chat.messages.MessageStore`."""

    def __init__(self, database: Database, store: MemoryMessageStore) -> None:
        self._database = database
        self._store = store

    def page(self, user_id: str, chat_id: str, *, limit: int, position: str | None = None) -> MessagePage:
        return self._database.call(lambda: self._store.page(user_id, chat_id, limit=limit, position=position))

    def page_all_chats(self, user_id: str, *, limit: int, position: str | None = None) -> MessagePage:
        return self._database.call(lambda: self._store.page_all_chats(user_id, limit=limit, position=position))

    def prompt(self, user_id: str, chat_id: str, message_id: str) -> StoredPrompt | None:
        return self._database.call(lambda: self._store.prompt(user_id, chat_id, message_id))

    def latest(self, user_id: str, chat_id: str, **options: Any) -> tuple[Message, ...]:
        return self._database.call(lambda: self._store.latest(user_id, chat_id, **options))


class SimUserStore:
    """A `chat.users.UserStore`."""

    def __init__(self, database: Database, store: MemoryUserStore) -> None:
        self._database = database
        self._store = store

    def get_or_create(self, user_id: str, *, default_tier: Tier, now: float) -> User:
        return self._database.call(lambda: self._store.get_or_create(user_id, default_tier=default_tier, now=now))

    def put(self, user: User, *, now: float) -> None:
        self._database.call(lambda: self._store.put(user, now=now))


class SimStreamSlots:
    """A `chat.limits.StreamSlots`; `acquired` is called with each session that has taken one or kept its own."""

    def __init__(self, database: Database, store: MemoryStreamSlots, acquired: Callable[[str], None]) -> None:
        self._database = database
        self._store = store
        self._acquired = acquired
        self._taken_at: dict[str, float] = {}
        self._freed_at: dict[str, float] = {}

    def held_since(self, session_id: str, moment: float) -> float | None:
        """When the session was last given the slot that it has held at the moment or later; None: it held none."""
        taken_at = self._taken_at.get(session_id)
        freed_at = self._freed_at.get(session_id)
        return None if freed_at is not None and freed_at < moment else taken_at

    def acquire(self, user_id: str, session_id: str, limit: int, now: float) -> Slot:
        def acquire() -> Slot:
            slot = self._store.acquire(user_id, session_id, limit, now)
            self._note_taken(session_id)
            self._acquired(session_id)
            return slot

        return self._database.call(acquire)

    def renew(self, user_id: str, session_id: str, now: float) -> None:
        def renew() -> None:
            self._store.renew(user_id, session_id, now)
            self._note_taken(session_id)

        self._database.quietly(renew)

    def give_back(self, slot: Slot) -> None:
        if slot.fresh:
            self._database.quietly(lambda: self._free(slot.user_id, lambda: self._store.give_back(slot)))

    def release(self, user_id: str, session_id: str) -> None:
        self._database.quietly(lambda: self._free(user_id, lambda: self._store.release(user_id, session_id)))

    def drop(self, user_id: str, holders: Mapping[str, float]) -> None:
        self._database.call(lambda: self._free(user_id, lambda: self._store.drop(user_id, holders)))

    def _note_taken(self, session_id: str) -> None:
        self._taken_at[session_id] = self._database.conditions.loop.time()
        self._freed_at.pop(session_id, None)

    def _free(self, user_id: str, work: Callable[[], None]) -> None:
        before = set(self._store.held.get(user_id, ()))
        work()
        now = self._database.conditions.loop.time()
        for session_id in before - set(self._store.held.get(user_id, ())):
            self._freed_at[session_id] = now


class SimRateLimiter:
    """A `chat.limits.RateLimiter`, and how much it has granted."""

    def __init__(
        self,
        database: Database,
        limiter: MemoryRateLimiter,
        changed: Callable[[str], None],
        refused: Callable[[str], None],
    ) -> None:
        """`changed` is called with the user when something was granted or given back; `refused` when nothing was."""
        self._database = database
        self._limiter = limiter
        self._changed = changed
        self._refused = refused
        self._grants: dict[str, dict[float, float]] = {}
        """By user and receipt: when. What was given back is not in it."""
        self.granted = 0
        self.given_back = 0
        self.lost = 0
        """Granted, and the caller never learned of it."""

    def hit(self, user_id: str, limits: TierLimits) -> Allowance:
        def hit() -> Allowance:
            allowance = self._limiter.hit(user_id, limits)
            if allowance.receipt is None:
                self._refused(user_id)
            else:
                self.granted += 1
                self._grants.setdefault(user_id, {})[allowance.receipt.at] = self._database.conditions.loop.time()
                self._changed(user_id)
            return allowance

        before = self.granted
        try:
            return self._database.call(hit)
        except StorageError:
            self.lost += self.granted - before
            raise

    def peek(self, user_id: str, limits: TierLimits) -> Allowance:
        return self._database.call(lambda: self._limiter.peek(user_id, limits))

    def give_back(self, user_id: str, limits: TierLimits, used: Allowance) -> None:
        def give_back() -> None:
            self._limiter.give_back(user_id, limits, used)
            if used.receipt is not None:
                self._grants[user_id].pop(used.receipt.at, None)
            self._changed(user_id)

        self.given_back += 1
        self._database.call(give_back)

    def counted(self, user_id: str) -> int:
        """Requests of the user that the limiter knows."""
        return self._limiter.counted(user_id)

    def granted_since(self, user_id: str, moment: float) -> int:
        """Requests that were granted to the user since then, and not given back."""
        return sum(at >= moment for at in self._grants.get(user_id, {}).values())


class SimSessionIndex:
    """A `chat.sessions.index.SessionIndex`."""

    def __init__(self, database: Database, store: MemorySessionIndex) -> None:
        self._database = database
        self._store = store

    def page(self, shard: int, *, after: str, limit: int) -> IndexPage:
        return self._database.call(lambda: self._store.page(shard, after=after, limit=limit))

    def remove_expired(self, session_id: str, *, now: float) -> bool:
        return self._database.call(lambda: self._store.remove_expired(session_id, now=now))


class SimCleanupRecord:
    """A `chat.sessions.index.CleanupRecord`."""

    def __init__(self, database: Database, store: MemoryCleanupRecord) -> None:
        self._database = database
        self._store = store

    def read(self) -> tuple[Position, ...]:
        return self._database.call(self._store.read)

    def store(self, positions: Sequence[Position], *, now: float) -> None:
        self._database.call(lambda: self._store.store(positions, now=now))
