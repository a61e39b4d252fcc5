"""Converts between domain values and table items."""

from typing import Any

from chat.dynamo.items import MessageItem, SessionItem, UserItem
from chat.dynamo.keys import chat_key, open_bucket
from chat.dynamo.packing import PackedText
from chat.messages import Message, MessageKind, MessageStatus, Role, StoredPrompt, Usage
from chat.sessions import Failure, Session, SessionState
from chat.sessions.index import shard_of
from chat.users import Tier, User

TTL_SECONDS = 3600
"""How long DynamoDB keeps an expired session; its TTL deletes within a few days after that."""


def session_item(model: type[SessionItem], session: Session, partial: PackedText | None) -> SessionItem:
    return model(
        session_id=session.session_id,
        user_id=session.user_id,
        chat_id=session.chat_id,
        model_id=session.model_id,
        kind=session.kind,
        prompt_message_id=session.prompt_message_id,
        answer_message_id=session.answer_message_id,
        created_at=session.created_at,
        expires_at=session.expires_at,
        project_id=session.project_id,
        task_id=session.task_id,
        use_cache=session.use_cache,
        state=session.state,
        attaches=session.attaches,
        owner=session.owner,
        epoch=session.epoch,
        lease_expires_at=session.lease_expires_at,
        text_emitted=session.text_emitted,
        partial=partial,
        stop_requested=session.stop_requested,
        failure=failure_value(session.failure),
        bucket=None if session.state.finished else open_bucket(shard_of(session.session_id)),
        ttl=ttl(session),
    )


def to_session(item: SessionItem, partial: str) -> Session:
    return Session(
        session_id=item.session_id,
        user_id=item.user_id,
        chat_id=item.chat_id,
        model_id=item.model_id,
        kind=MessageKind(item.kind),
        prompt_message_id=item.prompt_message_id,
        answer_message_id=item.answer_message_id,
        created_at=float(item.created_at),
        expires_at=float(item.expires_at),
        project_id=item.project_id,
        task_id=item.task_id,
        use_cache=item.use_cache is not False,
        state=SessionState(item.state),
        attaches=int(item.attaches),
        attach_minute=int(item.attach_minute or 0),
        viewers=None if item.viewers is None else dict(item.viewers.attribute_values),
        owner=item.owner,
        epoch=int(item.epoch),
        lease_expires_at=float(item.lease_expires_at),
        text_emitted=item.text_emitted,
        partial=partial,
        stop_requested=item.stop_requested,
        failure=_failure(item.failure),
    )


def _failure(value: dict[str, Any] | None) -> Failure | None:
    return Failure(value["code"], value["message"], value["retryable"]) if value else None


def failure_value(failure: Failure | None) -> dict[str, object] | None:
    if failure is None:
        return None
    return {"code": failure.code, "message": failure.message, "retryable": failure.retryable}


def ttl(session: Session) -> int:
    """When DynamoDB may delete the session, in seconds since the epoch."""
    return int(session.expires_at) + TTL_SECONDS


def message_item(model: type[MessageItem], message: Message, content: PackedText) -> MessageItem:
    usage = message.usage
    return model(
        pk=chat_key(message.user_id, message.chat_id),
        sk=message.message_id,
        session_id=message.session_id,
        role=message.role,
        content=content,
        model_id=message.model_id,
        created_at=message.created_at,
        status=message.status,
        kind=message.kind,
        finish_reason=message.finish_reason,
        input_tokens=usage.input_tokens if usage else None,
        output_tokens=usage.output_tokens if usage else None,
        project_id=message.project_id,
        task_id=message.task_id,
        cached=message.cached or None,
        saved_usd=message.saved_usd,
        code=message.code,
        retryable=message.retryable,
        prompt_status=message.prompt_status,
    )


def to_message(item: MessageItem, user_id: str, chat_id: str, content: str) -> Message:
    has_usage = item.input_tokens is not None and item.output_tokens is not None
    return Message(
        message_id=item.sk,
        user_id=user_id,
        chat_id=chat_id,
        session_id=item.session_id,
        role=Role(item.role),
        content=content,
        model_id=item.model_id,
        created_at=float(item.created_at),
        status=MessageStatus(item.status),
        kind=MessageKind(item.kind),
        finish_reason=item.finish_reason,
        usage=Usage(int(item.input_tokens), int(item.output_tokens)) if has_usage else None,
        project_id=item.project_id,
        task_id=item.task_id,
        cached=item.cached is True,
        saved_usd=None if item.saved_usd is None else float(item.saved_usd),
        code=item.code,
        retryable=item.retryable,
        prompt_status=None if item.prompt_status is None else MessageStatus(item.prompt_status),
    )


def to_prompt(item: MessageItem) -> StoredPrompt | None:
    """None if the item is not a prompt."""
    if item.role != Role.USER:
        return None
    return StoredPrompt(
        message_id=item.sk,
        session_id=item.session_id,
        kind=MessageKind(item.kind),
        project_id=item.project_id,
        task_id=item.task_id,
    )


def to_user(item: UserItem) -> User:
    return User(
        user_id=item.user_id,
        tier=Tier(item.tier),
        disabled=item.disabled,
        input_tokens=int(item.input_tokens),
        output_tokens=int(item.output_tokens),
    )
