"""Gets a model's answer from the response cache, from an identical call in flight, or from the provider.

Identical requests in flight share one provider call: the first session leads, the others follow its event log. If the
leader dies, a session that has shown no text takes over the call. A session that has shown text fails, because a new
answer would contradict that text.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass

from chat import events
from chat.clock import Clock
from chat.errors import GenerationError, NotFoundError, ProviderError
from chat.messages import MessageStore, Usage
from chat.sessions import Session, SessionState
from chat.sessions.settling import INTERRUPTED
from chat.sharing.event_log import TerminalEntry, TextEntry
from chat.sharing.response_cache import CachedAnswer, ResponseCache
from chat.sharing.single_flight import SingleFlight
from chat_stream.answers.cache_key import cache_key
from chat_stream.held_lease import HeldLease
from chat_stream.providers.port import ChatProvider, ChatRequest, Finish, Piece
from chat_stream.readers.session_reader import SessionReaders
from chat_stream.readers.stored_answer import read_answer
from chat_stream.telemetry.answer_trace import AnsweredFrom, AnswerTrace

RENEW_SECONDS = 2.0
"""How often a leader renews its lead."""
RECLAIM_SECONDS = 0.25
"""The pause before a session whose leader left no answer claims the lead again."""
COMPLETE = "stop"
"""The only finish reason that is cached; a truncated or filtered answer is not."""


@dataclass(frozen=True, slots=True)
class SharedAnswerStores:
    """The stores that sessions share answers through. With `scope_to_user`, answers are never shared between users."""

    cache: ResponseCache
    flight: SingleFlight
    readers: SessionReaders
    messages: MessageStore
    clock: Clock
    scope_to_user: bool

    def scope(self, session: Session) -> str:
        return f"user:{session.user_id}" if self.scope_to_user else "global"


@dataclass(frozen=True, slots=True)
class Answers:
    """Opens the source of an answer. Without `sharing` every answer comes from the provider."""

    provider: ChatProvider
    sharing: SharedAnswerStores | None = None

    @asynccontextmanager
    async def source(
        self, request: ChatRequest, session: Session, lease: HeldLease, trace: AnswerTrace
    ) -> AsyncIterator[AsyncIterator[Piece]]:
        """The pieces of the answer to the session's `request`. Records in `trace` where they come from.

        Raises:
            LeaseLostError: the lease lapsed before the provider was called.
            ProviderError: the provider failed, possibly while iterating.
            GenerationError: `interrupted`: the leader died after this session had shown text.
        """
        if self.sharing is None:
            lease.check()
            async with trace.ask(self.provider, request) as pieces:
                yield pieces
            return
        shared = _SharedAnswer(self.provider, self.sharing, request, session, lease=lease, trace=trace).pieces()
        try:
            yield shared
        finally:
            await shared.aclose()


class _SharedAnswer:
    def __init__(
        self,
        provider: ChatProvider,
        sharing: SharedAnswerStores,
        request: ChatRequest,
        session: Session,
        *,
        lease: HeldLease,
        trace: AnswerTrace,
    ) -> None:
        self._lease = lease
        self._trace = trace
        self._provider = provider
        self._sharing = sharing
        self._request = request
        self._session = session
        self._key = cache_key(request, scope=sharing.scope(session))
        self._given = ""

    async def pieces(self) -> AsyncGenerator[Piece]:
        """Yields the pieces of the answer. The last one is a `Finish`, unless an error is raised."""
        self._trace.looked_into_cache = self._session.use_cache
        hit = await self._cached() if self._session.use_cache else None
        own = self._session.session_id
        while hit is None:
            claimed_at = self._sharing.clock.now()
            leader = await self._sharing.flight.claim(self._key, own) if self._session.use_cache else own
            # A previous leader may have finished between the cache lookup and the claim.
            hit = await self._cached() if self._session.use_cache else None
            if hit is None:
                if self._session.use_cache and self._sharing.clock.now() - claimed_at > RENEW_SECONDS:
                    continue  # The process was frozen: the lead may expire before its first renewal.
                source = self._lead() if leader == own else self._follow(leader)
                async with aclosing(source):
                    async for piece in source:
                        yield piece
                        if isinstance(piece, Finish):
                            return
                hit = await self._cached()
                if hit is None and self._given:
                    raise GenerationError(INTERRUPTED.message, code=INTERRUPTED.code)
                if hit is None:
                    # The leader's own release may not have reached Redis.
                    await self._sharing.flight.release(self._key, leader)
                    await asyncio.sleep(RECLAIM_SECONDS)
            elif leader == own:
                await self._sharing.flight.release(self._key, own)
        self._trace.answered_from = AnsweredFrom.CACHE
        for text in self._beyond(hit.text):
            yield text
        yield Finish(hit.finish_reason, hit.usage, cached=True)

    async def _cached(self) -> CachedAnswer | None:
        hit = await self._sharing.cache.get(self._key)
        return hit if hit is not None and hit.text.startswith(self._given) else None

    def _beyond(self, text: str) -> Iterator[str]:
        """The part of `text` that was not yielded yet, in pieces."""
        while len(self._given) < len(text):
            piece = text[len(self._given) : len(self._given) + events.REPLAY_CHARS]
            self._given += piece
            yield piece

    async def _lead(self) -> AsyncGenerator[Piece]:
        renewing = asyncio.create_task(self._renew())
        texts: list[str] = []
        try:
            self._lease.check()
            async with self._trace.ask(self._provider, self._request) as pieces:
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
        """Yields the leader's pieces. Ends without a `Finish` if the leader is gone and left no complete answer."""
        self._trace.answered_from = AnsweredFrom.FLIGHT
        items = self._sharing.readers.read(leader, seen=events.TYPING_ID + len(self._given))
        with suppress(NotFoundError):
            async with aclosing(items):
                async for item in items:
                    if isinstance(item, TextEntry):
                        self._given += item.text
                        yield item.text
                    elif isinstance(item, TerminalEntry):
                        if (finish := _finish_of(item)) is not None:
                            yield finish
                        return
                    elif item.state.finished:
                        for piece in await self._stored(item):
                            yield piece
                        return
                    elif not item.lease_lives(self._sharing.clock.now()):
                        return

    async def _stored(self, leader: Session) -> Sequence[Piece]:
        """The rest of a finished leader's stored answer, or nothing if that answer is not complete."""
        answer = await read_answer(self._sharing.messages, leader)
        if answer is None or leader.state is not SessionState.COMPLETED:
            return ()
        return (*self._beyond(answer.content), Finish(answer.finish_reason or COMPLETE, answer.usage, cached=True))


def _finish_of(entry: TerminalEntry) -> Finish | None:
    """The leader's `Finish`, or None if the leader ended for an unshared reason, such as a stop or its deadline.

    Raises:
        ProviderError: the leader's call to the provider failed; so does this session.
    """
    data = entry.data
    if data["type"] == "done" and data["finishReason"] != "stopped":
        usage = data["usage"]
        counted = usage and Usage(usage["inputTokens"], usage["outputTokens"])
        return Finish(data["finishReason"], counted, cached=True)
    if data["type"] == "error" and data["code"].startswith("provider_"):
        after = data.get("retryAfterSeconds")
        extensions = {} if after is None else {"retryAfterSeconds": after}
        raise ProviderError(data["message"], code=data["code"], retryable=data["retryable"], **extensions)
    return None
