"""The port of session storage, and its errors."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from chat.errors import StorageError
from chat.messages import Message
from chat.sessions.session import AttachDecision, Failure, Lease, Session, SessionState, Viewer


class LeaseLostError(Exception):
    """Another producer has taken over or the session has been settled: stop and store nothing."""


class SessionNotStoredError(StorageError):
    """The session was certainly not stored: no earlier attempt can still succeed."""


class SessionStore(Protocol):
    """Stores sessions. Every decision is one conditional write. Raises `chat.errors.StorageError` if storage fails."""

    def start(self, session: Session, prompt: Message) -> None:
        """Stores session and prompt and moves the chat to the top of the user's list, in one transaction.

        Idempotent: a retry succeeds if an earlier attempt stored them and its reply was lost.

        Raises:
            SessionNotStoredError: nothing was stored. After any other `StorageError` that is unknown.
        """

    def restart(self, session: Session, *, replaced: str) -> bool:
        """Stores another session for an existing prompt and makes it the prompt's newest, in one transaction.

        Returns False, and stores nothing, if `replaced` is no longer the prompt's newest session. Idempotent.

        Raises:
            SessionNotStoredError: nothing was stored. After any other `StorageError` that is unknown.
        """

    def get(self, session_id: str) -> Session | None:
        """The session, by a consistent read, expired or not."""

    def get_many(self, session_ids: Sequence[str]) -> Mapping[str, Session]:
        """The sessions that exist, by id, by a consistent read, without their partial texts."""

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
        """Counts an attach and decides its role.

        PRODUCE if `may_produce` and the session is pending, or streaming with an expired lease and no emitted text:
        sets owner, lease and next epoch, clears the partial text, and sets the expiry to `STREAM_LIFETIME_SECONDS`
        from now. Otherwise FOLLOW while it is streaming and REPLAY when it is finished, at most `max_attaches` times
        in a clock minute.

        The newest connections of other clients stay recorded in every role. The decision's viewer is the connection as
        recorded. It is None if the session does not record it: there are `MAX_VIEWERS` others, the session is finished,
        or an earlier version began to stream it.

        Raises:
            NotFoundError: `session_not_found`: unknown, or of another user.
            SessionExpiredError: it has expired, even if DynamoDB has not deleted it yet.
            TooManyRequestsError: `too_many_attaches`, with `retryAfterSeconds`.
        """

    def checkpoint(self, lease: Lease, *, text: str | None, now: float, lease_seconds: float) -> bool:
        """Renews the lease; unless `text` is None, stores it as the partial text and sets `text_emitted`.

        Returns whether the user has asked for a stop.

        Raises:
            LeaseLostError: the epoch has changed, or the session is finished.
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

        The answer is stored with the failure's code. Without an answer, the prompt gets the status in which its session
        ended, unless it has a newer session.

        `session` is the session as attached: its epoch is the lease. Idempotent: a retry succeeds if an earlier attempt
        stored the same end and its reply was lost.

        Usage of an answer from the cache is not counted: it was paid for once already.

        Raises:
            LeaseLostError: the epoch has changed, or the session is finished.
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
        """As `finish`, for a session whose producer died.

        Returns False if epoch or state are no longer those of `session`, or its lease has been renewed.
        """

    def request_stop(self, session_id: str, *, user_id: str, now: float) -> Session:
        """Requests a stop and returns the session after that. Idempotent.

        A pending session becomes `stopped` at once, and so does its prompt. A finished one does not change.

        Raises:
            NotFoundError: unknown, or of another user.
            SessionExpiredError: it is pending and has expired.
        """
