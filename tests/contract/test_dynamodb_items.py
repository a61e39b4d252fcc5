"""Items written by earlier versions: what they lack has its default."""

from chat.dynamo import DynamoMessageStore, DynamoSessionStore, Tables
from chat.dynamo.items import MessageItem, SessionItem
from chat.dynamo.keys import chat_key
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
