"""Where a model's answer comes from: the cache, another session that asks the same right now, or the provider.

Equal questions in flight share one provider call: the first session leads, the others read its log. If the leader dies,
a session that has shown nothing takes over; one that has shown text ends, for another answer would contradict it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from chat import events
from chat.clock import Clock
from chat.errors import GenerationError, ProviderError
from chat.event_log import EventLog, LogUnavailableError, TerminalEntry, TextEntry
from chat.messages import MessageStore, Usage
from chat.response_cache import CachedAnswer, ResponseCache
from chat.sessions import Session, SessionState, SessionStore
from chat.settling import INTERRUPTED
from chat.single_flight import SingleFlight
from chat_stream.cache_key import cache_key
from chat_stream.following import answer_in
from chat_stream.providers.port import ChatProvider, ChatRequest, Finish, Piece
from chat_stream.tally import AnsweredFrom, Tally
from chat_stream.threads import in_thread

RENEW_SECONDS = 2.0
RECORD_LOOK_SECONDS = 0.5
REPLAY_CHARS = 4096
COMPLETE = "stop"
"""The finish reason of answers that are kept; a truncated or filtered one is not."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """What answers are shared through. `scope_to_user`: an answer is given to its own user only."""

    cache: ResponseCache
    flight: SingleFlight
    log: EventLog
    sessions: SessionStore
    messages: MessageStore
    clock: Clock
    scope_to_user: bool

    def scope(self, session: Session) -> str:
        return f"user:{session.user_id}" if self.scope_to_user else "global"


@dataclass(frozen=True, slots=True)
class Answers:
    """Sources of answers; without `sharing` the provider is asked each time."""

    provider: ChatProvider
    sharing: Sharing | None = None

    @asynccontextmanager
    async def source(self, request: ChatRequest, session: Session, tally: Tally) -> AsyncIterator[AsyncIterator[Piece]]:
        """The pieces of the answer to `request`, which `session` asks. Where they come from is noted in `tally`.

        Raises:
            ProviderError: while iterating.
            GenerationError: `interrupted`: the session that led the way died after text was shown.
        """
        if self.sharing is None:
            async with tally.ask(self.provider, request) as pieces:
                yield pieces
            return
        shared = _SharedAnswer(self.provider, self.sharing, request, session, tally).pieces()
        try:
            yield shared
        finally:
            await shared.aclose()


class _SharedAnswer:
    def __init__(
        self, provider: ChatProvider, sharing: Sharing, request: ChatRequest, session: Session, tally: Tally
    ) -> None:
        self._tally = tally
        self._provider = provider
        self._sharing = sharing
        self._request = request
        self._session = session
        self._key = cache_key(request, scope=sharing.scope(session))
        self._given = ""
        self._log_failed = False

    async def pieces(self) -> AsyncGenerator[Piece]:
        """Ends with a `Finish`, or raises."""
        self._tally.looked_into_cache = self._session.use_cache
        hit = await self._cached() if self._session.use_cache else None
        while hit is None:
            own = self._session.session_id
            leader = await self._sharing.flight.claim(self._key, own) if self._session.use_cache else own
            # The leader before may have finished between the look into the cache and the claim.
            hit = await self._cached() if self._session.use_cache else None
            if hit is None:
                source = self._lead() if leader == own or self._log_failed else self._follow(leader)
                async with aclosing(source):
                    async for piece in source:
                        yield piece
                        if isinstance(piece, Finish):
                            return
                hit = await self._cached()
                if hit is None and self._given:
                    raise GenerationError(INTERRUPTED.message, code=INTERRUPTED.code)
            elif leader == own:
                await self._sharing.flight.release(self._key, own)
        self._tally.answered_from = AnsweredFrom.CACHE
        for text in self._beyond(hit.text):
            yield text
        yield Finish(hit.finish_reason, hit.usage, cached=True)

    async def _cached(self) -> CachedAnswer | None:
        hit = await self._sharing.cache.get(self._key)
        return hit if hit is not None and hit.text.startswith(self._given) else None

    def _beyond(self, text: str) -> Iterator[str]:
        """What has not been given of `text`, in pieces."""
        while len(self._given) < len(text):
            piece = text[len(self._given) : len(self._given) + REPLAY_CHARS]
            self._given += piece
            yield piece

    async def _lead(self) -> AsyncGenerator[Piece]:
        renewing = asyncio.create_task(self._renew())
        texts: list[str] = []
        try:
            async with self._tally.ask(self._provider, self._request) as pieces:
                async for piece in pieces:
                    if isinstance(piece, str):
                        texts.append(piece)
                    elif isinstance(piece, Finish) and piece.reason == COMPLETE:
                        answer = CachedAnswer("".join(texts), piece.reason, piece.usage)
                        await self._sharing.cache.put(self._key, answer)
                    yield piece
        finally:
            renewing.cancel()
            await self._sharing.flight.release(self._key, self._session.session_id)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self._sharing.flight.renew(self._key, self._session.session_id)

    async def _follow(self, leader: str) -> AsyncGenerator[Piece]:
        """What the leader writes; ends without `Finish` when the leader is gone and has left no answer."""
        self._tally.answered_from = AnsweredFrom.FLIGHT
        try:
            async with self._sharing.log.follow(leader, seen=0) as entries:
                async for entry in entries:
                    if isinstance(entry, TerminalEntry):
                        if (finish := _finish_of(entry)) is not None:
                            yield finish
                        return
                    if entry is None and await self._sharing.flight.leader(self._key) != leader:
                        break
                    for text in await self._checkpointed(leader) if entry is None else self._beyond_log(entry):
                        yield text
        except LogUnavailableError:
            self._log_failed = True
        if self._given:
            async with aclosing(self._follow_record(leader)) as recorded:
                async for piece in recorded:
                    yield piece

    def _beyond_log(self, entry: TextEntry) -> Iterator[str]:
        text = events.unseen_of(entry.text, entry.event_id, events.TYPING_ID + len(self._given))
        if text is None:
            raise LogUnavailableError  # it lacks something
        return self._beyond(self._given + text)

    async def _checkpointed(self, leader: str) -> Iterator[str]:
        """What the leader's record has: a full Redis can be read, but the leader cannot write to its log."""
        session = await in_thread(self._sharing.sessions.get, leader)
        return self._beyond(session.partial if session else "")

    async def _follow_record(self, leader: str) -> AsyncGenerator[Piece]:
        """The same without the log: the leader's checkpoints, then its answer."""
        sessions, messages = self._sharing.sessions, self._sharing.messages
        while (session := await in_thread(sessions.get, leader)) is not None:
            if session.state.finished:
                found = await in_thread(
                    messages.latest,
                    session.user_id,
                    session.chat_id,
                    limit=1,
                    up_to_message_id=session.answer_message_id,
                )
                answer = answer_in(found, session)
                if answer is None or session.state is not SessionState.COMPLETED:
                    return
                for text in self._beyond(answer.content):
                    yield text
                yield Finish(answer.finish_reason or COMPLETE, answer.usage, cached=True)
                return
            if not session.lease_lives(self._sharing.clock.now()):
                return
            for text in self._beyond(session.partial):
                yield text
            await asyncio.sleep(RECORD_LOOK_SECONDS)


def _finish_of(entry: TerminalEntry) -> Finish | None:
    """How the leader's answer ended; None: in a way that is not this session's."""
    data = entry.data
    if data["type"] == "done" and data["finishReason"] != "stopped":
        usage = data["usage"]
        counted = usage and Usage(usage["inputTokens"], usage["outputTokens"])
        return Finish(data["finishReason"], counted, cached=True)
    if data["type"] == "error" and data["code"].startswith("provider_"):
        raise ProviderError(data["message"], code=data["code"], retryable=data["retryable"])
    return None
