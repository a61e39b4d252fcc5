"""The outcome of a generation, as a session state, as a stored message and as the stream's terminal event."""

from dataclasses import dataclass, replace

from chat import events
from chat.catalog import Model
from chat.errors import ChatError
from chat.messages import Message, MessageStatus, Usage
from chat.sessions import Failure, Session, SessionState
from chat.sessions.settling import answer_of
from chat.sharing.event_log import TerminalEntry
from chat_stream.providers.port import Finish

DEADLINE = Failure(
    "deadline_exceeded", "The answer took longer than allowed; the text written so far is kept.", retryable=True
)
INTERNAL = Failure("internal_error", "Something went wrong here; the text written so far is kept.", retryable=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a generation ended."""

    state: SessionState
    status: MessageStatus
    finish_reason: str | None = None
    usage: Usage | None = None
    failure: Failure | None = None
    cached: bool = False
    """The provider was not called for this answer."""

    def answer(self, session: Session, text: str, now: float, model: Model | None) -> Message | None:
        """The message to store, or None if there is no text. `model` gives the price of the tokens saved."""
        answer = answer_of(
            session,
            text,
            created_at=now,
            status=self.status,
            finish_reason=self.finish_reason,
            usage=self.usage,
        )
        if answer is None or not self.cached:
            return answer
        saved_usd = model.cost_usd(self.usage) if model and self.usage else None
        return replace(answer, cached=True, saved_usd=saved_usd)


STOPPED = Outcome(SessionState.STOPPED, MessageStatus.STOPPED, finish_reason="stopped")


def completed(finish: Finish) -> Outcome:
    return Outcome(SessionState.COMPLETED, MessageStatus.COMPLETE, finish.reason, finish.usage, cached=finish.cached)


def failed(failure: Failure) -> Outcome:
    return Outcome(SessionState.FAILED, MessageStatus.INTERRUPTED, failure=failure)


def failure_of(error: ChatError) -> Failure:
    return Failure(error.code, error.message, error.retryable, error.extensions.get("retryAfterSeconds"))


def terminal_event_id(session: Session, text: str) -> int:
    """The id of a finished session's terminal event."""
    return events.terminal_id(text, completed=session.state is SessionState.COMPLETED)


def terminal_entry(session: Session, answer: Message | None) -> TerminalEntry:
    """The terminal event of a finished session. A live stream and every replay send the same one."""
    event_id = terminal_event_id(session, answer.content if answer else "")
    if session.failure is not None:
        return TerminalEntry(event_id, events.error_data(session.failure))
    data = events.done_data(
        message_id=answer.message_id if answer else None,
        finish_reason=(answer.finish_reason if answer else None) or session.state.value,
        usage=answer.usage if answer else None,
        cached=answer.cached if answer else False,
        saved_usd=answer.saved_usd if answer else None,
    )
    return TerminalEntry(event_id, data)
