"""Open sessions by shard in DynamoDB: the adapter of `chat.sessions.index.SessionIndex`."""

from collections.abc import Iterable

from pynamodb.constants import MAP, NUMBER, STRING

from chat.dynamo import conditions
from chat.dynamo.calls import ConditionFailedError, Item, delete, storage_errors
from chat.dynamo.items import SessionItem
from chat.dynamo.keys import open_bucket
from chat.dynamo.messages.parts import SessionParts
from chat.dynamo.packing import PackedText
from chat.dynamo.tables import Tables
from chat.sessions import SessionState
from chat.sessions.index import IndexEntry, IndexPage


class DynamoSessionIndex:
    """Reads `SessionsByBucket`, which is eventually consistent; every decision is a condition on the session itself."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._parts = SessionParts(tables)

    def page(self, shard: int, *, after: str, limit: int) -> IndexPage:
        model = self._tables.sessions
        with storage_errors():
            response = self._tables.connection.query(
                model.Meta.table_name,
                open_bucket(shard),
                range_key_condition=model.session_id > after,
                index_name=model.by_bucket.Meta.index_name,
                limit=limit,
            )
        entries, unreadable = _parse(response["Items"])
        last = response.get("LastEvaluatedKey")
        return IndexPage(tuple(entries), tuple(unreadable), last and last["sessionId"]["S"])

    def remove_expired(self, session_id: str, *, now: float) -> bool:
        with storage_errors():
            try:
                old = delete(
                    self._tables.connection,
                    self._tables.sessions(session_id),
                    condition=conditions.may_be_removed(now),
                )
            except ConditionFailedError:
                return False
            self._parts.remove(session_id, _partial(old))
        return True


def _partial(item: Item) -> PackedText | None:
    """An item's partial text; None also if it is invalid, in which case its parts expire by their TTL."""
    try:
        return SessionItem.partial.deserialize(item["partial"][MAP])
    except (KeyError, TypeError, ValueError):
        return None


def _parse(items: Iterable[Item]) -> tuple[list[IndexEntry], list[str]]:
    """The entries, and the ids of those that are invalid: one bad item must not hide the others."""
    entries, unreadable = [], []
    for item in items:
        try:
            entries.append(_entry(item))
        except (ValueError, TypeError, KeyError):
            unreadable.append(item["sessionId"]["S"])
    return entries, unreadable


def _entry(item: Item) -> IndexEntry:
    """Parsed without PynamoDB, which is ten times slower: there may be many entries."""
    return IndexEntry(
        session_id=item["sessionId"][STRING],
        user_id=SessionItem.user_id.deserialize(item["userId"][STRING]),
        chat_id=item["chatId"][STRING],
        state=SessionState(item["state"][STRING]),
        expires_at=float(item["expiresAt"][NUMBER]),
    )
