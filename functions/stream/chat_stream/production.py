"""Produces an answer: source to client, checkpoints on the way, the message stored before the stream ends.

One production holds the session's lease. A keeper renews it beside the stream, stores what has been written, and looks
whether the user wants it stopped; a scope around the source ends it early: stop, lost lease, deadline.
"""

import asyncio
from dataclasses import replace

from aws_lambda_powertools import Logger

from chat import events
from chat.causes import cause_of
from chat.clock import Clock
from chat.errors import ChatError, StorageError
from chat.messages import Usage
from chat.sessions import Attachment, LeaseLostError, Session, SessionStore
from chat_stream.outcome import DEADLINE, INTERNAL, STOPPED, Outcome, completed, failed, failure_of, terminal_event
from chat_stream.providers.port import Finish
from chat_stream.settings import StreamSettings
from chat_stream.source import Source
from chat_stream.threads import in_thread, in_thread_to_the_end
from chat_stream.writer import EventWriter

STORE_ATTEMPTS = 4
STORE_PAUSE_SECONDS = 0.25

logger = Logger()


class Production:
    """One generation."""

    def __init__(
        self,
        attachment: Attachment,
        source: Source,
        writer: EventWriter,
        *,
        store: SessionStore,
        clock: Clock,
        settings: StreamSettings,
        deadline: float | None,
    ) -> None:
        """`deadline` is in the event loop's time; None: there is none."""
        self._session = attachment.session
        self._lease = attachment.lease
        self._source = source
        self._writer = writer
        self._store = store
        self._clock = clock
        self._settings = settings
        self._scope = asyncio.timeout_at(deadline)
        self._early: Outcome | LeaseLostError | None = None
        self._pieces: list[str] = []
        self._length = 0
        self._usage: Usage | None = None
        self._stored_length = 0
        self._stored_at = 0.0
        self._storing = asyncio.Lock()

    @property
    def last_event_id(self) -> int:
        """What the client has been sent."""
        return events.TYPING_ID + self._length

    async def run(self) -> None:
        """Produces, stores, tells.

        Raises:
            LeaseLostError: somebody else has ended or taken over this session; nothing was stored.
        """
        outcome = STOPPED if self._session.stop_requested else await self._generate()
        if outcome.usage is None:
            outcome = replace(outcome, usage=self._usage)
        finished, answer_event = await self._finish(outcome)
        logger.info("generation ended", state=finished.state, characters=self._length, session_id=finished.session_id)
        await self._writer.write(answer_event)

    async def _generate(self) -> Outcome:
        keeper = asyncio.create_task(self._keep())
        try:
            async with self._scope:
                return await self._consume()
        except ChatError as error:
            return failed(failure_of(error))
        except LeaseLostError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it ends in an `error` event
            if not self._scope.expired():
                logger.error("generation failed", session_id=self._session.session_id, **cause_of(error))
                return failed(INTERNAL)
        finally:
            keeper.cancel()
        if isinstance(self._early, LeaseLostError):
            raise self._early
        return self._early or failed(DEADLINE)

    async def _consume(self) -> Outcome:
        async with self._source as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    first = not self._pieces
                    self._pieces.append(piece)
                    stop = first and await self._checkpoint(piece)
                    self._length += len(piece)
                    await self._writer.write(events.token(self.last_event_id, piece))
                    if stop:
                        return STOPPED
                elif isinstance(piece, Finish):
                    return completed(piece.reason, piece.usage)
                else:
                    self._usage = piece
        raise RuntimeError("the source ended without Finish")

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._settings.stop_poll_seconds)
            try:
                if await self._checkpoint(self._due_text()):
                    self._end(STOPPED)
            except LeaseLostError as lost:
                self._end(lost)
            except Exception as error:  # noqa: BLE001  # the next look may succeed; without any the lease is lost
                logger.warning("checkpoint failed", session_id=self._session.session_id, **cause_of(error))

    def _end(self, why: Outcome | LeaseLostError) -> None:
        if self._early is None and not self._scope.expired():
            self._early = why
            self._scope.reschedule(0)

    def _due_text(self) -> str | None:
        """The text, if it would be older than a checkpoint may be by the next look."""
        next_look = asyncio.get_running_loop().time() + self._settings.stop_poll_seconds
        if self._length == self._stored_length or next_look - self._stored_at < self._settings.checkpoint_seconds:
            return None
        return "".join(self._pieces)

    async def _checkpoint(self, text: str | None) -> bool:
        async with self._storing:
            stop = await in_thread_to_the_end(
                self._store.checkpoint,
                self._lease,
                text=text,
                now=self._clock.now(),
                lease_seconds=self._settings.lease_seconds,
            )
            if text is not None:
                self._stored_length = len(text)
                self._stored_at = asyncio.get_running_loop().time()
            return stop

    async def _finish(self, outcome: Outcome) -> tuple[Session, bytes]:
        text = "".join(self._pieces)
        answer = outcome.answer(self._session, text, self._clock.now())
        async with self._storing:
            for attempt in range(STORE_ATTEMPTS):
                try:
                    await in_thread(
                        self._store.finish,
                        self._lease,
                        state=outcome.state,
                        answer=answer,
                        failure=outcome.failure,
                    )
                    break
                except StorageError as error:
                    if attempt == STORE_ATTEMPTS - 1:
                        logger.error("answer not stored", session_id=self._session.session_id, **cause_of(error))
                        unstored = replace(self._session, state=outcome.state, failure=failure_of(error))
                        return unstored, events.error(events.terminal_id(text, completed=False), failure_of(error))
                    await asyncio.sleep(STORE_PAUSE_SECONDS * 2**attempt)
        finished = replace(self._session, state=outcome.state, failure=outcome.failure)
        return finished, terminal_event(finished, answer)
