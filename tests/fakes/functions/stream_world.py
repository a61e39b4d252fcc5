"""The stream function's use case over stores in memory and a scripted provider."""

import asyncio
import datetime as dt
from collections.abc import MutableMapping, Sequence
from typing import Any

from chat.auth.access import Access
from chat.catalog import Catalog, Model, TierLimits
from chat.ids import new_id, new_message_ids
from chat.limits import StreamSlots
from chat.messages import Message, MessageKind, MessageStore, Role
from chat.metrics import Metrics
from chat.sessions import Session, SessionStore, Viewer
from chat.users import Tier
from chat_stream.answers.answers import Answers, SharedAnswerStores
from chat_stream.attach.attacher import AttachRequest, SessionAttacher
from chat_stream.attach.chat_streams import Body, ChatStreams
from chat_stream.attach.settler import SessionSettler
from chat_stream.commands.registry import build_registry
from chat_stream.generation.answer_slots import AnswerSlots
from chat_stream.generation.generations import Generations
from chat_stream.readers.session_reader import SessionReaders
from chat_stream.settings import StreamSettings
from chat_stream.telemetry.stream_record import StreamRecords
from chat_stream.writer import EventStream
from fakes import sse
from fakes.clock import FakeClock
from fakes.memory.database import MemoryDatabase
from fakes.memory.event_log import MemoryEventLog, MemoryLogControl
from fakes.memory.limits import MemoryStreamSlots
from fakes.memory.message_store import MemoryMessageStore
from fakes.memory.response_cache import MemoryResponseCache
from fakes.memory.session_store import MemorySessionStore
from fakes.memory.single_flight import MemorySingleFlight
from fakes.memory.user_store import MemoryUserStore
from fakes.providers.scripted import ScriptedProvider, Step
from fakes.recorded_metrics import RecordedMetrics

MODEL = Model(
    id="small",
    provider="scripted",
    provider_model="small-1",
    tier=Tier.BASIC,
    context_window=2_000,
    max_output_tokens=1_000,
    input_price=1.0,
    output_price=2.0,
    price_date=dt.date(2026, 11, 1),
    sampling=True,
)
BIG_MODEL = Model(
    id="big",
    provider="scripted",
    provider_model="big-1",
    tier=Tier.ENTERPRISE,
    context_window=200_000,
    max_output_tokens=10_000,
    input_price=5.0,
    output_price=25.0,
    price_date=dt.date(2026, 11, 1),
    sampling=False,
)
REQUIRED = {
    "SESSIONS_TABLE": "sessions",
    "CHATS_TABLE": "chats",
    "USERS_TABLE": "users",
    "JWT_ISSUER": "issuer",
    "JWT_AUDIENCE": "audience",
    "AUTH_SECRET": "s" * 32,
}
QUICK = {
    "STOP_POLL_SECONDS": "0.02",
    "CHECKPOINT_SECONDS": "0.04",
    "FOLLOW_POLL_SECONDS": "0.01",
    "LEASE_SECONDS": "6",
}


class StreamWorld:
    """One database, one provider, any number of clients; with `shared`, a cache, an event log and a single flight."""

    def __init__(
        self,
        *scripts: Sequence[Step],
        shared: bool = False,
        scope_to_user: bool = True,
        concurrent_streams: int = 1000,
        **settings: str,
    ) -> None:
        self.database = MemoryDatabase()
        self.clock = FakeClock()
        self.provider = ScriptedProvider(*scripts)
        self.users = MemoryUserStore(self.database)
        self.sessions = MemorySessionStore(self.database)
        self.settings = StreamSettings.from_environ(REQUIRED | QUICK | settings)
        self.messages = MemoryMessageStore(self.database)
        self.cache = MemoryResponseCache()
        self.log = MemoryEventLog(idle_seconds=0.02)
        self.control = MemoryLogControl(self.log)
        self.slots = MemoryStreamSlots()
        self.flight = MemorySingleFlight(self.clock)
        self.metrics = RecordedMetrics()
        self._shared = shared
        self._scope_to_user = scope_to_user
        self.catalog = Catalog([MODEL, BIG_MODEL], dict.fromkeys(Tier, TierLimits(1000, concurrent_streams)))
        self.streams = self.build()

    def build(
        self,
        *,
        sessions: SessionStore | None = None,
        answers: Answers | None = None,
        metrics: Metrics | None = None,
        slots: StreamSlots | None = None,
        messages: MessageStore | None = None,
    ) -> ChatStreams:
        """The use case over the world's objects, or those in their place."""
        sessions, messages, slots = sessions or self.sessions, messages or self.messages, slots or self.slots
        answer_slots = AnswerSlots(slots, sessions, self.catalog, self.clock)
        log = self.log if self._shared else None
        readers = SessionReaders(sessions, log, self.settings.follow_poll_seconds)
        sharing = None
        if self._shared:
            sharing = SharedAnswerStores(
                self.cache, self.flight, readers, messages, self.clock, scope_to_user=self._scope_to_user
            )
        records = StreamRecords(metrics or self.metrics, self.catalog)
        return ChatStreams(
            access=Access(self.users, self.clock, default_tier=self.settings.default_tier),
            sessions=sessions,
            messages=messages,
            attaching=SessionAttacher(
                sessions=sessions,
                messages=messages,
                slots=answer_slots,
                catalog=self.catalog,
                clock=self.clock,
                settings=self.settings,
                new_owner=new_id,
            ),
            generations=Generations(
                sessions=sessions,
                messages=messages,
                slots=answer_slots,
                catalog=self.catalog,
                commands=build_registry(),
                answers=answers or Answers(self.provider, sharing),
                clock=self.clock,
                settings=self.settings,
                log=log,
            ),
            readers=readers,
            clock=self.clock,
            records=records,
            settler=SessionSettler(sessions, log, records.settled),
        )

    def start(
        self,
        prompt: str,
        *,
        user_id: str = "alice",
        chat_id: str = "chat",
        model_id: str = "small",
        use_cache: bool = True,
    ) -> Session:
        """What `/chat/start` does."""
        now = self.clock.advance(1)
        ids = new_message_ids(now)
        command = prompt.startswith("/") and not prompt.startswith("//")
        session = Session(
            session_id=new_id(),
            user_id=user_id,
            chat_id=chat_id,
            model_id=model_id,
            kind=MessageKind.COMMAND if command else MessageKind.CHAT,
            prompt_message_id=ids.prompt,
            answer_message_id=ids.answer,
            created_at=now,
            expires_at=now + 600,
            use_cache=use_cache,
        )
        message = Message(
            ids.prompt, user_id, chat_id, session.session_id, Role.USER, prompt, model_id, now, kind=session.kind
        )
        self.sessions.start(session, message)
        return session

    async def followed(self) -> None:
        """Waits until the log has a follower."""
        async with asyncio.timeout(10):
            while not self.log.followers:
                await asyncio.sleep(0.01)

    async def logged(self, session: Session, text: str) -> None:
        """Waits until the log has that text."""
        async with asyncio.timeout(10):
            while self.control.text(session.session_id, epoch=1) != text:
                await asyncio.sleep(0.01)

    def stored(self, session: Session) -> Session:
        stored = self.sessions.get(session.session_id)
        assert stored is not None
        return stored

    def history(self, chat_id: str = "chat", user_id: str = "alice") -> list[Message]:
        return self.database.chat(user_id, chat_id)

    def answers(self, chat_id: str = "chat") -> list[Message]:
        return [message for message in self.history(chat_id) if message.role is Role.ASSISTANT]

    def client(
        self,
        session: Session,
        *,
        seen: int = 0,
        deadline_in: float | None = None,
        arrived_ago: float = 0,
        viewer: Viewer | None = None,
    ) -> "Client":
        return Client(self, session, seen, deadline_in=deadline_in, arrived_ago=arrived_ago, viewer=viewer)

    async def read(self, session: Session, *, seen: int = 0, deadline_in: float | None = None) -> list[sse.Event]:
        """Attaches and reads to the end; [] for 204."""
        return await self.client(session, seen=seen, deadline_in=deadline_in).events()


class Client:
    """One attached client; what has arrived so far is in `body`."""

    def __init__(
        self,
        world: StreamWorld,
        session: Session,
        seen: int,
        *,
        deadline_in: float | None,
        arrived_ago: float,
        viewer: Viewer | None,
    ) -> None:
        self._viewer = viewer
        self._world = world
        self._arrived_ago = arrived_ago
        self._session = session
        self._seen = seen
        self._deadline_in = deadline_in
        self._changed = asyncio.Event()
        self.body = b""
        self.chunks: list[bytes] = []
        self.ended = asyncio.Event()

    async def events(self) -> list[sse.Event]:
        async with asyncio.timeout(10):
            await self.run()
        events = sse.parse(self.body)
        if events:
            sse.check_stream(events)
        return events

    async def run(self) -> None:
        body = await self.open()
        if body is None:
            return
        response = EventStream(body, ping_seconds=self._world.settings.ping_seconds)
        await response({"type": "http"}, _never, self._send)

    async def open(self) -> Body | None:
        now = asyncio.get_running_loop().time()
        deadline = None if self._deadline_in is None else now + self._deadline_in
        limit = None if deadline is None else deadline + 1
        arrived_at = now - self._arrived_ago
        attach = AttachRequest(
            self._session.session_id, self._session.user_id, self._seen, deadline, limit, arrived_at, self._viewer
        )
        return await self._world.streams.open(attach)

    async def until_bytes(self, count: int) -> None:
        """Waits until so many bytes have arrived."""
        while len(self.body) < count:
            self._changed.clear()
            await self._changed.wait()

    async def until(self, part: bytes) -> None:
        """Waits until that has arrived."""
        async with asyncio.timeout(10):
            while part not in self.body:
                self._changed.clear()
                await self._changed.wait()

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            self.chunks.append(message["body"])
            self.body += message["body"]
            self._changed.set()
        if message["type"] == "http.response.body" and not message["more_body"]:
            self.ended.set()


async def _never() -> MutableMapping[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError
