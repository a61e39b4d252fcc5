"""Produces an answer: streams it from the source to the client, checkpoints it, and stores it before the stream ends.

The production holds the session's lease. A keeper task renews the lease, checkpoints the text and checks whether the
user asked for a stop. A timeout scope around the source ends it early on a stop, a lost lease or the deadline. The text
is checkpointed even while the event log works: the log may lose it, and a follower may not reach the log.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aws_lambda_powertools import Logger

from chat import events
from chat.clock import Clock
from chat.error_fields import safe_error_fields
from chat.errors import ChatError, StorageError, TooManyRequestsError
from chat.messages import Message
from chat.sessions import AttachDecision, LeaseLostError, SessionStore
from chat.sharing.event_log import EventLog
from chat_stream.generation.log_writer import LogWriter
from chat_stream.generation.piece_stream import PieceStream
from chat_stream.held_lease import HeldLease
from chat_stream.outcome import DEADLINE, INTERNAL, STOPPED, Outcome, completed, failed, failure_of, terminal_entry
from chat_stream.providers.port import Finish
from chat_stream.settings import StreamSettings
from chat_stream.telemetry.generation_metrics import GenerationMetrics
from chat_stream.threads import in_thread, in_thread_to_the_end
from chat_stream.writer import EventWriter

STORE_ATTEMPTS = 4
STORE_PAUSE_SECONDS = 0.25
LAST_LEASE_SECONDS = 1.0
"""The length of a lease renewed during shutdown, so that a follower need not wait for a whole lease after a kill."""

logger = Logger()


class Production:
    """Runs one generation from its first piece to its terminal event."""

    def __init__(
        self,
        attachment: AttachDecision,
        source: PieceStream,
        writer: EventWriter,
        *,
        held_lease: HeldLease,
        regain_slot: Callable[[], Awaitable[None]],
        store: SessionStore,
        clock: Clock,
        settings: StreamSettings,
        soft_deadline: float | None,
        metrics: GenerationMetrics,
        log: EventLog | None = None,
        stopping: asyncio.Event | None = None,
    ) -> None:
        """`soft_deadline` is in event loop time; None means no deadline. `stopping` is set at shutdown.

        `regain_slot` is awaited before a lapsed lease is renewed, because the slot may have been given away. It raises
        `TooManyRequestsError` if no slot is free.
        """
        self._session = attachment.session
        self._lease = attachment.lease
        self._held_lease = held_lease
        self._regain_slot = regain_slot
        self._source = source
        self._writer = writer
        self._store = store
        self._clock = clock
        self._settings = settings
        self._scope = asyncio.timeout_at(soft_deadline)
        self._early: Outcome | LeaseLostError | None = None
        self._generating = True
        self._pieces: list[str] = []
        self._length = 0
        self._stored_length = 0
        self._stored_at = 0.0
        self._storing = asyncio.Lock()
        self._stopping = stopping
        self._is_stopping = False
        self._metrics = metrics
        self._log: LogWriter | None = None
        if log is not None:
            self._log = LogWriter(log, self._lease, on_stop=self._stop, on_lost=self._lose)

    @property
    def last_event_id(self) -> int:
        """The id of the last event sent to the client."""
        return events.TYPING_ID + self._length

    async def run(self) -> None:
        """Generates the answer, stores it, and sends the terminal event.

        Raises:
            LeaseLostError: another request has ended or taken over this session; no answer was stored.
        """
        try:
            outcome = STOPPED if self._session.stop_requested else await self._generate()
            try:
                answer = await self._store_answer(outcome)
            except StorageError as error:
                await self._end_unstored(outcome, error)
                return
            await self._send_rest()
            terminal = terminal_entry(replace(self._session, state=outcome.state, failure=outcome.failure), answer)
            await self._writer.write(events.terminal(terminal.event_id, terminal.data))
            self._writer.end()
            self._metrics.ended(outcome, terminal.data)
            logger.info("generation ended", **self._metrics.log_fields())
            if self._log is not None:
                await self._log.finish(terminal)
        finally:
            if self._log is not None:
                await self._log.close()

    async def _generate(self) -> Outcome:
        keeper = asyncio.create_task(self._keep())
        if self._log is not None:
            self._log.start()
        try:
            async with self._scope:
                return await self._consume()
        except ChatError as error:
            return failed(failure_of(error))
        except LeaseLostError:
            raise
        except Exception as error:  # noqa: BLE001  # any failure ends the stream with an `error` event
            if not self._scope.expired():
                logger.error("generation failed", **self._metrics.log_fields(), **safe_error_fields(error))
                return failed(INTERNAL)
        finally:
            self._generating = False
            keeper.cancel()
        if isinstance(self._early, LeaseLostError):
            raise self._early
        return self._early or failed(DEADLINE)

    async def _consume(self) -> Outcome:
        async with self._source as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    if await self._take(piece):
                        return STOPPED
                elif isinstance(piece, Finish):
                    self._metrics.finished(piece)
                    return completed(piece)
                else:
                    self._metrics.usage = piece
        raise RuntimeError("the source ended without Finish")

    async def _take(self, text: str) -> bool:
        """Sends a piece of the answer and returns whether to stop. The first piece is checkpointed before."""
        first = not self._pieces
        self._pieces.append(text)
        stop = False
        if first:
            self._metrics.first_text()
            stop = await self._checkpoint(text)
        await self._send(text)
        return stop

    async def _send(self, text: str) -> None:
        first = self._length == 0
        self._length += len(text)
        if self._log is not None:
            self._log.add(self.last_event_id, text)
        await self._writer.write(events.token(self.last_event_id, text))
        if first:
            self._metrics.first_token()

    async def _send_rest(self) -> None:
        """Sends a first piece whose checkpoint was interrupted, because the stored answer contains it.

        It is sent only after the answer is stored: until then another producer could still start the answer again.
        """
        if rest := "".join(self._pieces)[self._length :]:
            await self._send(rest)

    async def _keep(self) -> None:
        while True:
            is_last = await self._told_to_stop(self._settings.stop_poll_seconds)
            text = "".join(self._pieces) if is_last and self._pieces else self._due_text()
            try:
                if await self._checkpoint(text):
                    self._end(STOPPED)
            except LeaseLostError as lost:
                self._end(lost)
            except TooManyRequestsError as error:
                self._end(failed(failure_of(error)))
            except Exception as error:  # noqa: BLE001  # a later checkpoint may succeed; else the lease lapses
                logger.warning("checkpoint failed", **self._metrics.log_fields(), **safe_error_fields(error))

    async def _told_to_stop(self, seconds: float) -> bool:
        """Waits for `seconds`. Returns True as soon as the process is shutting down, but only once."""
        if self._stopping is None or self._is_stopping:
            await asyncio.sleep(seconds)
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        self._is_stopping = self._stopping.is_set()
        return self._is_stopping

    def _stop(self) -> None:
        self._end(STOPPED)

    def _lose(self) -> None:
        self._end(LeaseLostError(self._lease.session_id))

    def _end(self, why: Outcome | LeaseLostError) -> None:
        if self._early is None and self._generating and not self._scope.expired():
            self._early = why
            self._scope.reschedule(0)

    def _due_text(self) -> str | None:
        """The text to checkpoint, or None if there is no new text or the checkpoint can wait for the next poll."""
        next_look = asyncio.get_running_loop().time() + self._settings.stop_poll_seconds
        if self._length == self._stored_length or next_look - self._stored_at < self._settings.checkpoint_seconds:
            return None
        return "".join(self._pieces)

    async def _checkpoint(self, text: str | None) -> bool:
        async with self._storing:
            if self._held_lease.has_lapsed:
                await self._regain_slot()
            now = self._clock.now()
            lease_seconds = LAST_LEASE_SECONDS if self._is_stopping else self._settings.lease_seconds
            stop = await in_thread_to_the_end(
                self._store.checkpoint, self._lease, text=text, now=now, lease_seconds=lease_seconds
            )
            self._held_lease.renewed(now, lease_seconds)
            if text is not None:
                self._stored_length = len(text)
                self._stored_at = asyncio.get_running_loop().time()
            return stop

    async def _store_answer(self, outcome: Outcome) -> Message | None:
        """Stores the answer, retrying failed attempts.

        Raises:
            LeaseLostError: another request has ended or taken over this session.
            StorageError: every attempt failed; the answer may or may not have been stored.
        """
        text = "".join(self._pieces)
        outcome = replace(outcome, usage=outcome.usage or self._metrics.usage)
        answer = outcome.answer(self._session, text, self._clock.now(), self._metrics.model)
        async with self._storing:
            for attempt in range(STORE_ATTEMPTS):
                try:
                    await in_thread(
                        self._store.finish,
                        self._session,
                        state=outcome.state,
                        answer=answer,
                        failure=outcome.failure,
                    )
                    break
                except StorageError:
                    if attempt == STORE_ATTEMPTS - 1:
                        raise
                    await asyncio.sleep(STORE_PAUSE_SECONDS * 2**attempt)
        return answer

    async def _end_unstored(self, outcome: Outcome, error: StorageError) -> None:
        """Sends an `error` event without an id, which is not terminal: how the session ends is not known yet."""
        failure = failure_of(error)
        logger.error("answer not stored", **self._metrics.log_fields(), **safe_error_fields(error))
        await self._writer.write(events.refusal(failure))
        self._metrics.ended(outcome, events.error_data(failure))
