"""The request log over a DynamoDB that loses answers."""

import pytest

from chat.dynamo import Tables
from chat.dynamo.request_log import DynamoRequestLog
from fakes.dynamodb.calls import lost_answer

NOW = 1_800_000_000.25


@pytest.mark.parametrize("limit", [1, 3])
def test_a_request_whose_answer_was_lost_counts_and_is_admitted(tables: Tables, user_id: str, limit: int) -> None:
    """The repetition meets a full log, or logs it again: either way the request that filled it is let in."""
    log = DynamoRequestLog(tables)
    for earlier in range(1, limit):
        assert log.append(user_id, limit=limit, window_seconds=60, now=NOW - earlier) is not None
    with lost_answer(tables, "UpdateItem") as lost:
        logged = log.append(user_id, limit=limit, window_seconds=60, now=NOW)
    assert lost
    assert logged == NOW
    assert log.append(user_id, limit=limit, window_seconds=60, now=NOW + 1) is None


def test_a_refusal_is_no_lost_answer(tables: Tables, user_id: str) -> None:
    """Another request of the same millisecond does not open a full log."""
    log = DynamoRequestLog(tables)
    assert log.append(user_id, limit=1, window_seconds=60, now=NOW) == NOW
    assert log.append(user_id, limit=1, window_seconds=60, now=NOW) is None
