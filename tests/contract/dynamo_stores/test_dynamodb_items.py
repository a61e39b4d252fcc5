"""Items that two versions share: what earlier ones wrote lacks something, and what they read is as they know it."""

from chat.dynamo import DynamoMessageStore, DynamoSessionStore, Tables
from chat.dynamo.items import MessageItem, SessionItem
from chat.dynamo.keys import chat_key
from chat.messages import MessageStatus
from chat.sessions import Failure, SessionState
from fakes.conversation import Conversation, dynamo_stores


def test_a_session_without_use_cache_uses_it(tables: Tables) -> None:
    session = Conversation(dynamo_stores(tables)).start(use_cache=False)
    store = DynamoSessionStore(tables)
    assert store.get(session.session_id) == session
    tables.sessions(session.session_id).update(actions=[SessionItem.use_cache.remove()])
    read = store.get(session.session_id)
    assert read is not None
    assert read.use_cache


def test_a_message_without_cached_is_none_from_the_cache(tables: Tables) -> None:
    conversation = Conversation(dynamo_stores(tables))
    _, answer = conversation.turn("prompt", "answer")
    item = tables.messages(chat_key(answer.user_id, answer.chat_id), answer.message_id)
    item.update(actions=[MessageItem.cached.set(True), MessageItem.saved_usd.set(0.5)])
    (changed,) = DynamoMessageStore(tables).latest(answer.user_id, answer.chat_id, limit=1)
    assert (changed.cached, changed.saved_usd) == (True, 0.5)
    item.update(actions=[MessageItem.cached.remove(), MessageItem.saved_usd.remove()])
    assert DynamoMessageStore(tables).latest(answer.user_id, answer.chat_id, limit=1) == (answer,)


def test_a_prompt_without_a_mark_is_read_and_one_with_it_keeps_the_status_that_version_0_1_0_reads(
    tables: Tables,
) -> None:
    conversation = Conversation(dynamo_stores(tables))
    session = conversation.attach(conversation.start()).session
    failure = Failure("provider_unavailable", "The provider does not answer.", retryable=True)
    conversation.stores.sessions.finish(session, state=SessionState.FAILED, answer=None, failure=failure)
    key = chat_key(session.user_id, session.chat_id), session.prompt_message_id
    stored = tables.messages.get(*key, consistent_read=True)
    assert (stored.status, stored.prompt_status) == ("complete", "failed")
    tables.messages(*key).update(
        actions=[MessageItem.prompt_status.remove(), MessageItem.code.remove(), MessageItem.retryable.remove()]
    )
    (prompt,) = conversation.history()
    assert (prompt.status, prompt.prompt_status, prompt.code) == (MessageStatus.COMPLETE, None, None)
