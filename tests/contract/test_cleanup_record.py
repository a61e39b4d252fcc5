"""CleanupRecord: where to go on, and what has been counted."""

from typing import Any

import pytest

from chat.dynamo import Tables
from chat.dynamo.keys import CLEANUP_KEY
from chat.ids import new_id
from chat.sessions.index import FIRST_IN_TIME, CleanupRecord, Position, Progress
from fakes.conversation import NOW, Stores, dynamo_stores


@pytest.fixture
def record(request: pytest.FixtureRequest, stores: Stores) -> CleanupRecord:
    """Empty: there is one in a table."""
    kind = request.node.callspec.params["stores"]
    if kind != "memory":
        request.getfixturevalue(f"{kind.replace('-', '_')}_tables").cleanup(CLEANUP_KEY).delete()
    return stores.record


def test_first_run_finds_nothing(record: CleanupRecord) -> None:
    assert record.read() == Progress((), None)


def test_positions_are_kept_in_order_until_the_walk_is_complete(record: CleanupRecord) -> None:
    positions = (Position(7, new_id()), Position(0, FIRST_IN_TIME))
    record.store_positions(positions, now=NOW)
    assert record.read() == Progress(positions, None)
    record.store_positions(positions[::-1], now=NOW)
    assert record.read().positions == positions[::-1]
    record.store_positions([], now=NOW)
    assert record.read() == Progress((), None)


def test_time_is_counted_once(record: CleanupRecord) -> None:
    """Two runs that read the same record: one of them counts."""
    assert record.count_until(NOW, since=None, now=NOW)
    assert not record.count_until(NOW + 1, since=None, now=NOW)
    assert record.read() == Progress((), NOW)
    assert record.count_until(NOW + 300.5, since=NOW, now=NOW)
    assert not record.count_until(NOW + 301, since=NOW, now=NOW)
    assert record.read().counted_until == NOW + 300.5


def test_halves_do_not_touch_each_other(record: CleanupRecord) -> None:
    positions = (Position(3, new_id()),)
    record.count_until(NOW, since=None, now=NOW)
    record.store_positions(positions, now=NOW)
    assert record.read() == Progress(positions, NOW)
    record.count_until(NOW + 1, since=NOW, now=NOW)
    record.store_positions([], now=NOW)
    assert record.read() == Progress((), NOW + 1)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"positions": {"L": [{"S": "99/x"}]}},
        {"positions": {"L": [{"S": "x"}]}},
        {"positions": {"L": [{"N": "1"}]}},
        {"positions": {"S": "0/x"}, "countedUntil": {"N": "1"}},
        {"countedUntil": {"S": "then"}},
    ],
)
def test_record_that_cannot_be_understood_is_none(tables: Tables, nonsense: dict[str, Any]) -> None:
    item = nonsense | {"sessionId": {"S": CLEANUP_KEY}, "ttl": {"N": "1"}}
    tables.connection.client.put_item(TableName="SessionsTable", Item=item)
    assert dynamo_stores(tables).record.read() == Progress()
