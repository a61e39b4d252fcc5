"""The port of the stores of sessions, and its errors."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from chat.errors import StorageError
from chat.messages import Message
from chat.sessions.session import AttachDecision, Failure, Lease, Session, SessionState, Viewer


class LeaseLostError(Exception):
    """Another producer has taken over, or the session has been settled: stop, store nothing."""


class SessionNotStoredError(StorageError):
    """A session could not be stored, and it is certain that it was not: no attempt may still succeed."""


class SessionStore(Protocol):
    """Keeps sessions; every decision is one conditional write. Raises `chat.errors.StorageError` when it cannot."""

    def start(self, session: Session, prompt: Message) -> None:
        """Stores session and prompt, and renews the chat's place in the user's list, in one transaction.

        A repetition of the call that stored them succeeds: its caller did not learn of it.

        Raises:
            SessionNotStoredError: nothing was stored. Any other `StorageError` leaves that open.
        """

    def restart(self, session: Session, *, replaced: str) -> bool:
        """Stores a session for a prompt that is there, and makes it the prompt's newest, in one transaction.

        False: the session `replaced` is not the prompt's newest any more, and nothing was stored. A repetition of the
        call that stored it succeeds.

        Raises:
            SessionNotStoredError: nothing was stored. Any other `StorageError` leaves that open.
        """

    def get(self, session_id: str) -> Session | None:
        """The session as stored, consistently read, expired or not."""

    def get_many(self, session_ids: Sequence[str]) -> Mapping[str, Session]:
        """Those of them that are there, by id, consistently read, without their partial texts."""

    def attach(
        self,
        session_id: str,
        *,
        user_id: str,
        owner: str,
        now: float,
        lease_seconds: float,
        max_attaches: int,
        may_produce: bool = True,
        viewer: Viewer | None = None,
    ) -> AttachDecision:
        """Counts an attach and decides what it is.

        PRODUCE if the session is pending, or streaming with a dead lease and nothing shown, and the caller may: sets
        owner, lease and the next epoch, clears the partial, and lets the session live for
        `STREAM_LIFETIME_SECONDS` from now.
        Else FOLLOW while it is streaming, REPLAY when it is finished, `max_attaches` times in a minute of the clock.

        Raises:
            NotFoundError: `session_not_found`: unknown, or another user's.
            SessionExpiredError: its time is over, also while DynamoDB has not deleted it yet.
            TooManyRequestsError: `too_many_attaches`, with `retryAfterSeconds`.
        """

    def checkpoint(self, lease: Lease, *, text: str | None, now: float, lease_seconds: float) -> bool:
        """Renews the lease; stores `text` as the partial and marks it shown, unless None. Returns whether to stop.

        Raises:
            LeaseLostError: the epoch is no longer this one, or the session is finished.
        """

    def finish(
        self,
        session: Session,
        *,
        state: SessionState,
        answer: Message | None,
        failure: Failure | None = None,
    ) -> None:
        """Ends the generation: state, answer and the user's usage counters in one transaction.

        The answer is stored with the failure's code. Without an answer the prompt is marked with how its session
        ended, unless it has a newer one.

        `session` is as it was attached: its epoch is the lease. A repetition of the call that stored this very end
        succeeds: its caller did not learn of it.

        The usage of an answer from the cache is not counted: it was paid for once already.

        Raises:
            LeaseLostError: the epoch is no longer this one, or the session is finished.
        """

    def settle(
        self,
        session: Session,
        *,
        now: float,
        state: SessionState,
        answer: Message | None,
        failure: Failure | None = None,
    ) -> bool:
        """As `finish`, for a session whose producer died; False: somebody else was faster.

        Only if epoch and state are still those of `session`, and its lease (if it is streaming) is dead.
        """

    def request_stop(self, session_id: str, *, user_id: str, now: float) -> Session:
        """Marks a session that is not finished as to be stopped; returns it as it is after that.

        A pending session is `stopped` at once, and its prompt marked so; a finished one stays as it is. Idempotent.

        Raises:
            NotFoundError: unknown, or another user's.
            SessionExpiredError: pending, and its time is over.
        """
