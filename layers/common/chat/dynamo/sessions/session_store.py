"""Sessions in DynamoDB: the adapter of `chat.sessions.SessionStore`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from chat.dynamo import conditions
from chat.dynamo.calls import ConditionFailedError, Item, storage_errors, update
from chat.dynamo.items import SessionItem
from chat.dynamo.keys import open_bucket
from chat.dynamo.mapping import TTL_SECONDS, to_session
from chat.dynamo.messages.parts import SessionParts
from chat.dynamo.packing import set_text
from chat.dynamo.sessions.session_ends import End, SessionEnds
from chat.dynamo.sessions.session_starts import SessionStarts
from chat.dynamo.tables import Tables
from chat.errors import StorageError
from chat.ids import new_id
from chat.messages import Message
from chat.sessions import (
    STREAM_LIFETIME_SECONDS,
    AttachDecision,
    AttachRole,
    Failure,
    Lease,
    LeaseLostError,
    Session,
    SessionState,
    Viewer,
    minute_of,
)
from chat.sessions.index import shard_of

RACE_ATTEMPTS = 4
"""Retries of a decision when the session changed between read and write."""

ALL_BUT_PARTIAL = [
    attribute.attr_name for attribute in SessionItem.get_attributes().values() if attribute is not SessionItem.partial
]

PART_TTL_SECONDS = 7200
"""Parts of a partial text outlive the session that names them."""


class DynamoSessionStore:
    """Sessions, each one item of SessionsTable; prompts and answers go to ChatsTable in the same transactions."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._session_parts = SessionParts(tables)
        self._starts = SessionStarts(tables, self._session_parts)
        self._ends = SessionEnds(tables)

    def start(self, session: Session, prompt: Message) -> None:
        with storage_errors():
            self._starts.start(session, prompt)

    def restart(self, session: Session, *, replaced: str) -> bool:
        with storage_errors():
            return self._starts.restart(session, replaced=replaced)

    def get(self, session_id: str) -> Session | None:
        with storage_errors():
            item = self._find(session_id)
            return None if item is None else self._session(item)

    def get_many(self, session_ids: Sequence[str]) -> Mapping[str, Session]:
        with storage_errors():
            items = self._tables.sessions.batch_get(
                session_ids, consistent_read=True, attributes_to_get=ALL_BUT_PARTIAL
            )
            return {item.session_id: to_session(item, "") for item in items if item.user_id is not None}

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
        claim = new_id()
        attempt = conditions.Attempt(user_id, now, max_attaches)
        take: list[Action] = [
            SessionItem.state.set(SessionState.STREAMING),
            SessionItem.bucket.set(open_bucket(shard_of(session_id))),
            SessionItem.owner.set(owner),
            SessionItem.claim.set(claim),
            SessionItem.epoch.set(SessionItem.epoch + 1),
            SessionItem.lease_expires_at.set(now + lease_seconds),
            SessionItem.expires_at.set(now + STREAM_LIFETIME_SECONDS),
            SessionItem.ttl.set(int(now + STREAM_LIFETIME_SECONDS) + TTL_SECONDS),
            SessionItem.partial.remove(),
            SessionItem.attaches.set(1),
            SessionItem.attach_minute.set(minute_of(now)),
        ]
        known: Session | None = None
        with storage_errors():
            for _ in range(RACE_ATTEMPTS):
                if may_produce:
                    attached_as, record, unchanged = _record(known, viewer)
                    taken, item = self._try(session_id, [*take, *record], conditions.may_produce(attempt) & unchanged)
                    if taken or (item is not None and item.claim == claim):
                        return AttachDecision(AttachRole.PRODUCE, self._own(item, user_id), attached_as)
                else:
                    item = self._find(session_id)
                known = self._own(item, user_id)
                if may_produce and conditions.can_be_produced(known, now):
                    continue  # only the condition on the record of connections failed
                refusal = conditions.attach_refusal(known, attempt)
                if refusal is not None:
                    raise refusal
                attached_as = known.seen_by(viewer)
                actions, condition = _count(known, attempt, attached_as)
                counted, item = self._try(session_id, actions, condition)
                if counted:
                    session = self._own(item, user_id)
                    role = AttachRole.REPLAY if session.state.finished else AttachRole.FOLLOW
                    return AttachDecision(role, session, attached_as)
        raise StorageError("The session changes too fast.")

    def checkpoint(self, lease: Lease, *, text: str | None, now: float, lease_seconds: float) -> bool:
        actions: list[Action] = [SessionItem.lease_expires_at.set(now + lease_seconds)]
        with storage_errors():
            if text is not None:
                packed = self._session_parts.store(lease.session_id, text, int(now) + PART_TTL_SECONDS)
                actions += [set_text(SessionItem.partial, packed), SessionItem.text_emitted.set(True)]
            held, item = self._try(lease.session_id, actions, conditions.holds(lease), return_values="ALL_OLD")
        if not held or item is None:
            raise LeaseLostError(lease.session_id)
        return item.stop_requested

    def finish(
        self,
        session: Session,
        *,
        state: SessionState,
        answer: Message | None,
        failure: Failure | None = None,
    ) -> None:
        with storage_errors():
            ended = self._ends.end(
                session, conditions.holds(session.lease), End(state, answer, failure), repeatable=True
            )
        if not ended:
            raise LeaseLostError(session.session_id)

    def settle(
        self,
        session: Session,
        *,
        now: float,
        state: SessionState,
        answer: Message | None,
        failure: Failure | None = None,
    ) -> bool:
        if session.state.finished:
            return False
        condition = conditions.may_settle(session, now)
        with storage_errors():
            return self._ends.end(session, condition, End(state, answer, failure))

    def request_stop(self, session_id: str, *, user_id: str, now: float) -> Session:
        mark: list[Action] = [SessionItem.stop_requested.set(True)]
        end = End(SessionState.STOPPED)
        with storage_errors():
            for _ in range(RACE_ATTEMPTS):
                stopped, item = self._try(session_id, mark, conditions.is_streaming(user_id))
                session = self._own(item, user_id)
                if stopped or session.state.finished:
                    return session
                if session.state is SessionState.PENDING and session.is_expired(now):
                    raise conditions.expired()
                if self._ends.end(session, conditions.is_pending(user_id, now), end, actions=mark):
                    return replace(session, state=end.state, stop_requested=True)
        raise StorageError("The session changes too fast.")

    def _find(self, session_id: str) -> SessionItem | None:
        try:
            return self._tables.sessions.get(session_id, consistent_read=True)
        except DoesNotExist:
            return None

    def _try(
        self, session_id: str, actions: list[Action], condition: Condition, return_values: str = "ALL_NEW"
    ) -> tuple[bool, SessionItem | None]:
        """Whether the condition held, and the item after the update or, if it did not hold, the current item."""
        model = self._tables.sessions
        try:
            item = update(
                self._tables.connection,
                model(session_id),
                actions=actions,
                condition=condition,
                return_values=return_values,
            )
        except ConditionFailedError as failed:
            old: Item | None = failed.items[model.__name__]
            return False, model.from_raw_data(old) if old else None
        return True, item

    def _own(self, item: SessionItem | None, user_id: str) -> Session:
        """The item's session, if it belongs to the user."""
        session = None if item is None else self._session(item)
        if session is None or session.user_id != user_id:
            raise conditions.not_found()
        return session

    def _session(self, item: SessionItem) -> Session | None:
        if item.user_id is None:  # the key of a part
            return None
        return to_session(item, self._session_parts.text(item.session_id, item.partial))


def _record(known: Session | None, viewer: Viewer | None) -> tuple[Viewer | None, list[Action], Condition]:
    """The viewer to record, the actions that record a producer's connection, and their condition.

    A session that has not been read is assumed to be pending and without a record. DynamoDB sets a map's entry only if
    the map exists, so the condition requires its presence or absence.
    """
    if known is None or known.viewers is None:
        viewers = {viewer.key: viewer.connection} if viewer else {}
        return viewer, [Path(SessionItem.viewers).set(viewers)], SessionItem.viewers.does_not_exist()
    seen = known.seen_by(viewer)
    record: list[Action] = [Path(SessionItem.viewers)[seen.key].set(seen.connection)] if seen else []
    return seen, record, SessionItem.viewers.exists()


def _count(session: Session, attempt: conditions.Attempt, viewer: Viewer | None) -> tuple[list[Action], Condition]:
    """Counts an attach in the current clock minute. The condition enforces the limit and fails on a stale counter."""
    minute = minute_of(attempt.now)
    if session.attach_minute < minute:
        actions: list[Action] = [SessionItem.attach_minute.set(minute), SessionItem.attaches.set(1)]
        condition = conditions.may_attach_first(attempt, minute)
    else:
        actions = [SessionItem.attaches.add(1)]
        condition = conditions.may_attach_again(attempt, session.attach_minute)
    if viewer is not None:
        actions.append(Path(SessionItem.viewers)[viewer.key].set(viewer.connection))
        condition &= SessionItem.viewers.exists()
    return actions, condition
