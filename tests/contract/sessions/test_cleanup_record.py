"""CleanupRecord: where the next run continues."""

from typing import Any

import pytest

from chat.dynamo import Tables
from chat.dynamo.keys import CLEANUP_KEY
from chat.ids import new_id
from chat.sessions.index import FIRST_IN_TIME, CleanupRecord, Position
from fakes.conversation import NOW, Stores, dynamo_stores


@pytest.fixture
def record(request: pytest.FixtureRequest, stores: Stores) -> CleanupRecord:
    """Empty: there is one in a table."""
    kind = request.node.callspec.params["stores"]
    if kind != "memory":
        request.getfixturevalue(f"{kind.replace('-', '_')}_tables").cleanup(CLEANUP_KEY).delete()
    return stores.record


def test_first_run_finds_nothing(record: CleanupRecord) -> None:
    assert record.read() == ()


def test_positions_are_kept_in_order_until_the_walk_is_complete(record: CleanupRecord) -> None:
    positions = (Position(7, new_id()), Position(0, FIRST_IN_TIME))
    record.store(positions, now=NOW)
    assert record.read() == positions
    record.store(positions[::-1], now=NOW)
    assert record.read() == positions[::-1]
    record.store([], now=NOW)
    assert record.read() == ()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"positions": {"L": [{"S": "99/x"}]}},
        {"positions": {"L": [{"S": "x"}]}},
        {"positions": {"L": [{"N": "1"}]}},
        {"positions": {"S": "0/x"}},
    ],
)
def test_record_that_cannot_be_understood_is_none(tables: Tables, nonsense: dict[str, Any]) -> None:
    item = nonsense | {"sessionId": {"S": CLEANUP_KEY}, "ttl": {"N": "1"}}
    tables.connection.client.put_item(TableName="SessionsTable", Item=item)
    assert dynamo_stores(tables).record.read() == ()
