"""CleanupRecord: where to go on, and what has been counted."""

from typing import Any

import pytest

from chat.dynamo import Tables
from chat.dynamo.keys import CLEANUP_KEY
from chat.ids import new_id
from chat.session_index import CleanupRecord, Position, Progress
from fakes.conversation import NOW, Stores, dynamo_stores


@pytest.fixture
def record(request: pytest.FixtureRequest, stores: Stores) -> CleanupRecord:
    """Empty: there is one in a table."""
    kind = request.node.callspec.params["stores"]
    if kind != "memory":
        request.getfixturevalue(f"{kind.replace('-', '_')}_tables").cleanup(CLEANUP_KEY).delete()
    return stores.record


def test_first_run_finds_nothing(record: CleanupRecord) -> None:
    assert record.read() == Progress(None, None)


def test_position_is_kept_until_the_walk_is_complete(record: CleanupRecord) -> None:
    position = Position(7, new_id())
    record.store_position(position, now=NOW)
    assert record.read() == Progress(position, None)
    record.store_position(Position(0, position.session_id), now=NOW)
    assert record.read().position == Position(0, position.session_id)
    record.store_position(None, now=NOW)
    assert record.read() == Progress(None, None)


def test_time_is_counted_once(record: CleanupRecord) -> None:
    """Two runs that read the same record: one of them counts."""
    assert record.count_until(NOW, since=None, now=NOW)
    assert not record.count_until(NOW + 1, since=None, now=NOW)
    assert record.read() == Progress(None, NOW)
    assert record.count_until(NOW + 300.5, since=NOW, now=NOW)
    assert not record.count_until(NOW + 301, since=NOW, now=NOW)
    assert record.read().counted_until == NOW + 300.5


def test_halves_do_not_touch_each_other(record: CleanupRecord) -> None:
    position = Position(3, new_id())
    record.count_until(NOW, since=None, now=NOW)
    record.store_position(position, now=NOW)
    assert record.read() == Progress(position, NOW)
    record.count_until(NOW + 1, since=NOW, now=NOW)
    record.store_position(None, now=NOW)
    assert record.read() == Progress(None, NOW + 1)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"shard": {"N": "99"}, "after": {"S": "x"}},
        {"shard": {"S": "one"}, "after": {"S": "x"}, "countedUntil": {"S": "then"}},
        {"after": {"N": "1"}},
    ],
)
def test_record_that_cannot_be_understood_is_none(tables: Tables, nonsense: dict[str, Any]) -> None:
    item = nonsense | {"sessionId": {"S": CLEANUP_KEY}, "ttl": {"N": "1"}}
    tables.connection.client.put_item(TableName="SessionsTable", Item=item)
    assert dynamo_stores(tables).record.read() == Progress()
