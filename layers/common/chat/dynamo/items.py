"""The items of the tables, as PynamoDB models without a table; `chat.dynamo.tables` binds them to one."""

from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model

from chat.dynamo.keys import UserIdAttribute
from chat.dynamo.packing import PackedTextAttribute


class BucketIndex(GlobalSecondaryIndex["SessionItem"]):  # type: ignore[no-untyped-call]  # PynamoDB's own hook
    """Open sessions by shard; see `chat.sessions.index`."""

    class Meta:
        index_name = "SessionsByBucket"
        projection = IncludeProjection(["state", "userId", "chatId", "expiresAt", "answeredAt"])

    bucket = UnicodeAttribute(hash_key=True)
    session_id = UnicodeAttribute(range_key=True, attr_name="sessionId")


class SessionItem(Model):
    """A session."""

    session_id = UnicodeAttribute(hash_key=True, attr_name="sessionId")
    user_id = UserIdAttribute(attr_name="userId")
    chat_id = UnicodeAttribute(attr_name="chatId")
    model_id = UnicodeAttribute(attr_name="modelId")
    kind = UnicodeAttribute()
    prompt_message_id = UnicodeAttribute(attr_name="promptMessageId")
    answer_message_id = UnicodeAttribute(attr_name="answerMessageId")
    created_at = NumberAttribute(attr_name="createdAt")
    expires_at = NumberAttribute(attr_name="expiresAt")
    project_id = UnicodeAttribute(null=True, attr_name="projectId")
    task_id = UnicodeAttribute(null=True, attr_name="taskId")
    use_cache = BooleanAttribute(null=True, attr_name="useCache")
    """Absent: true."""
    state = UnicodeAttribute()
    attaches = NumberAttribute()
    attach_minute = NumberAttribute(null=True, attr_name="attachMinute")
    """Absent: `attaches` counts what earlier versions counted."""
    viewers = MapAttribute[str, Any](null=True)  # type: ignore[no-untyped-call]  # PynamoDB's own
    """Absent in a session that an earlier version started."""
    owner = UnicodeAttribute(null=True)
    claim = UnicodeAttribute(null=True)
    """Identifies the `attach` call that took the lease: its retry after a lost reply recognises itself."""
    epoch = NumberAttribute()
    lease_expires_at = NumberAttribute(attr_name="leaseExpiresAt")
    text_emitted = BooleanAttribute(attr_name="shown")
    partial = PackedTextAttribute(null=True)
    stop_requested = BooleanAttribute(attr_name="stopRequested")
    failure = JSONAttribute(null=True)
    bucket = UnicodeAttribute(null=True)
    """Present while the session is open: the index is sparse. Earlier versions wrote `done#n` at the end."""
    answered_at = NumberAttribute(null=True, attr_name="answeredAt")
    ttl = NumberAttribute()
    by_bucket = BucketIndex()


class SessionPartItem(Model):
    """A part of a session's partial text."""

    session_id = UnicodeAttribute(hash_key=True, attr_name="sessionId")
    data = BinaryAttribute(legacy_encoding=False)
    ttl = NumberAttribute()


class RequestLogItem(Model):
    """The timestamps of a user's latest requests, newest first."""

    session_id = UnicodeAttribute(hash_key=True, attr_name="sessionId")
    entries = ListAttribute(of=NumberAttribute)
    ttl = NumberAttribute()


class StreamSlotsItem(Model):
    """When the slot of each of a user's sessions expires."""

    session_id = UnicodeAttribute(hash_key=True, attr_name="sessionId")
    slots = MapAttribute[str, Any](null=True)  # type: ignore[no-untyped-call]  # PynamoDB's own
    ttl = NumberAttribute()


class CleanupItem(Model):
    """The cleanup's progress."""

    session_id = UnicodeAttribute(hash_key=True, attr_name="sessionId")
    positions = ListAttribute(of=UnicodeAttribute, null=True)
    """Each as `shard/session id`."""
    ttl = NumberAttribute()


class ActivityIndex(GlobalSecondaryIndex["ChatItem"]):  # type: ignore[no-untyped-call]  # PynamoDB's own hook
    """A user's chats by their newest prompt."""

    class Meta:
        index_name = "ChatsByActivity"
        projection = AllProjection()

    activity_user = UserIdAttribute(hash_key=True, attr_name="activityUser")
    activity_at = UnicodeAttribute(range_key=True, attr_name="activityAt")


class ChatItem(Model):
    """A chat. `activity_at` is its newest prompt's id: ids sort by time, and no two chats share one."""

    pk = UserIdAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    created_at = NumberAttribute(attr_name="createdAt")
    activity_user = UserIdAttribute(attr_name="activityUser")
    activity_at = UnicodeAttribute(attr_name="activityAt")
    by_activity = ActivityIndex()


class MessageItem(Model):
    """A message of a chat."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    session_id = UnicodeAttribute(attr_name="sessionId")
    role = UnicodeAttribute()
    content = PackedTextAttribute()
    model_id = UnicodeAttribute(attr_name="modelId")
    created_at = NumberAttribute(attr_name="createdAt")
    status = UnicodeAttribute()
    kind = UnicodeAttribute()
    finish_reason = UnicodeAttribute(null=True, attr_name="finishReason")
    input_tokens = NumberAttribute(null=True, attr_name="inputTokens")
    output_tokens = NumberAttribute(null=True, attr_name="outputTokens")
    project_id = UnicodeAttribute(null=True, attr_name="projectId")
    task_id = UnicodeAttribute(null=True, attr_name="taskId")
    cached = BooleanAttribute(null=True)
    """Absent: false."""
    saved_usd = NumberAttribute(null=True, attr_name="savedUsd")
    code = UnicodeAttribute(null=True)
    retryable = BooleanAttribute(null=True)
    prompt_status = UnicodeAttribute(null=True, attr_name="promptStatus")
    """Beside `status`, which is `complete` for every prompt: version 0.1.0 cannot parse unknown values."""


class MessagePartItem(Model):
    """A part of a message's content."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    data = BinaryAttribute(legacy_encoding=False)


class UserItem(Model):
    """A user."""

    user_id = UserIdAttribute(hash_key=True, attr_name="userId")
    tier = UnicodeAttribute(null=True)
    disabled = BooleanAttribute(default=False)
    input_tokens = NumberAttribute(default=0, attr_name="inputTokens")
    output_tokens = NumberAttribute(default=0, attr_name="outputTokens")
    created_at = NumberAttribute(null=True, attr_name="createdAt")
    updated_at = NumberAttribute(null=True, attr_name="updatedAt")
