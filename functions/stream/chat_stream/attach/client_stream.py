"""Writes one client's stream: the events it has not seen, produced, followed or replayed.

The stream normally ends with a terminal event. If the answer continues elsewhere, or could not be stored in time, the
connection closes without one and a client that reconnects gets the rest.
"""

import asyncio
from collections.abc import Callable

from aws_lambda_powertools import Logger

from chat import events
from chat.error_fields import safe_error_fields
from chat.errors import ChatError
from chat.messages import Message
from chat.metrics.log_fields import log_fields
from chat.sessions import AttachRole, Session
from chat.users import User
from chat_stream.attach.attacher import AttachRequest, Claim, SessionAttacher
from chat_stream.attach.session_follower import AbandonedError, ReplacedError, SessionFollower
from chat_stream.generation.generations import GenerationRequest, Generations, TakenOverError
from chat_stream.outcome import INTERNAL, failure_of
from chat_stream.telemetry.stream_record import StreamRecord
from chat_stream.writer import EventWriter

TAKE_OVER_SECONDS = 30.0
"""The time a follower must have left to take over as producer: a provider's default limit for the first token."""

logger = Logger()


class ClientStream:
    """Writes one client's stream."""

    def __init__(
        self,
        attach: AttachRequest,
        user: User,
        claim: Claim,
        *,
        answer: Message | None,
        attaching: SessionAttacher,
        generations: Generations,
        new_follower: Callable[[EventWriter, AttachRequest, Claim], SessionFollower],
        record: StreamRecord,
    ) -> None:
        """`answer` is the stored answer, read beforehand if the role is replay."""
        self._attach = attach
        self._user = user
        self._claim = claim
        self._answer = answer
        self._attaching = attaching
        self._generations = generations
        self._new_follower = new_follower
        self._record = record

    async def write(self, writer: EventWriter) -> None:
        """Writes the stream to its end."""
        # Send a first byte immediately, however long the first token takes.
        await writer.write(events.PING if self._attach.last_event_id >= events.TYPING_ID else events.typing())
        try:
            async with asyncio.timeout_at(self._attach.hard_deadline):
                await self._write(writer)
        except (TimeoutError, ReplacedError):
            writer.end()
            self._record.publish()  # sending the rest of the buffer may hang, too
        except ChatError as error:
            await writer.write(events.refusal(failure_of(error)))
        except Exception as error:  # noqa: BLE001  # any failure ends the stream with an `error` event
            logger.error("stream failed", **log_fields(self._session), **safe_error_fields(error))
            await writer.write(events.refusal(INTERNAL))
        finally:
            # Publish before the request ends: Lambda may freeze the process after that.
            self._record.publish()

    def _is_about_to_end(self) -> bool:
        """Whether the process is shutting down, or the request has too little time left to produce an answer."""
        if self._attach.stopping is not None and self._attach.stopping.is_set():
            return True
        deadline = self._attach.soft_deadline
        return deadline is not None and deadline - asyncio.get_running_loop().time() < TAKE_OVER_SECONDS

    @property
    def _session(self) -> Session:
        return self._claim.attachment.session

    def _generation_request(self) -> GenerationRequest:
        return GenerationRequest(
            self._claim.attachment,
            self._claim.conversation,
            self._user,
            soft_deadline=self._attach.soft_deadline,
            stopping=self._attach.stopping,
        )

    async def _write(self, writer: EventWriter) -> None:
        follower = self._new_follower(writer, self._attach, self._claim)
        if self._claim.attachment.role is AttachRole.REPLAY:
            await follower.replay(self._session, self._answer)
            return
        produces = self._claim.attachment.role is AttachRole.PRODUCE
        session = self._session
        while True:
            if produces:
                metrics = self._record.generation(session)
                try:
                    await self._generations.run(self._generation_request(), writer, metrics)
                except TakenOverError as taken:
                    follower.seen = max(follower.seen, taken.last_event_id)
                    session, produces = await follower.read(session.session_id), False
                    continue
                return
            try:
                async with asyncio.timeout_at(self._attach.soft_deadline):
                    await follower.follow(session)
            except AbandonedError as abandoned:
                if self._is_about_to_end():
                    raise ReplacedError from abandoned  # the client reconnects, with a full time limit
                self._claim = await self._attaching.take_over(self._attach, self._user, abandoned.session)
                follower.viewer = self._claim.attachment.viewer
                session, produces = self._session, self._claim.attachment.role is AttachRole.PRODUCE
            else:
                return
