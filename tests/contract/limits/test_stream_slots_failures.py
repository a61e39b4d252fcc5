"""StreamSlots over a DynamoDB that loses answers, or cannot be reached."""

import pytest

from chat.dynamo import Tables
from chat.dynamo.keys import stream_slots_key
from chat.dynamo.stream_slots import DynamoStreamSlots
from chat.errors import StorageError
from chat.limits import Slot, SlotsFullError
from chat.limits.slots import acquired_until, renewed_until
from fakes.dynamodb.calls import lost_answer
from fakes.dynamodb.tables import connect
from fakes.network.free_ports import NOBODY

NOW = 1_800_000_000.25


def holders_of(slots: DynamoStreamSlots, user_id: str) -> dict[str, float]:
    with pytest.raises(SlotsFullError) as full:
        slots.acquire(user_id, "nobody's", 1, NOW)
    return dict(full.value.holders)


@pytest.mark.parametrize("others", [(), ("other",)], ids=["first", "second"])
def test_an_acquire_whose_answer_was_lost_took_the_slot(tables: Tables, user_id: str, others: tuple[str, ...]) -> None:
    slots = DynamoStreamSlots(tables)
    for other in others:
        slots.acquire(user_id, other, 2, NOW)
    with lost_answer(tables, "UpdateItem") as lost:
        slot = slots.acquire(user_id, "one", 2, NOW)
    assert lost
    assert slot == Slot(user_id, "one", acquired_until(NOW), fresh=True)
    slots.give_back(slot)
    slots.acquire(user_id, "last", 2, NOW)
    assert holders_of(slots, user_id).keys() == {*others, "last"}


def test_a_renewal_whose_answer_was_lost_has_happened(tables: Tables, user_id: str) -> None:
    slots = DynamoStreamSlots(tables)
    slots.acquire(user_id, "one", 1, NOW)
    with lost_answer(tables, "UpdateItem") as lost:
        slots.renew(user_id, "one", NOW)
    assert lost
    assert holders_of(slots, user_id) == {"one": renewed_until(NOW)}


def test_freeing_whose_answer_was_lost_has_happened(tables: Tables, user_id: str) -> None:
    slots = DynamoStreamSlots(tables)
    given = slots.acquire(user_id, "given back", 3, NOW)
    for session_id in ("released", "dropped"):
        slots.acquire(user_id, session_id, 3, NOW)
    with lost_answer(tables, "UpdateItem") as lost:
        slots.give_back(given)
    assert lost
    with lost_answer(tables, "UpdateItem") as lost:
        slots.release(user_id, "released")
    assert lost
    with lost_answer(tables, "UpdateItem") as lost:
        slots.drop(user_id, {"dropped": acquired_until(NOW)})
    assert lost
    assert slots.acquire(user_id, "one", 1, NOW).fresh


def test_a_store_that_is_gone_says_so_where_it_matters(user_id: str) -> None:
    slots = DynamoStreamSlots(connect(f"http://{NOBODY}"))
    with pytest.raises(StorageError):
        slots.acquire(user_id, "one", 1, NOW)
    with pytest.raises(StorageError):
        slots.drop(user_id, {"one": NOW})
    slots.renew(user_id, "one", NOW)
    slots.give_back(Slot(user_id, "one", NOW, fresh=True))
    slots.release(user_id, "one")


def test_slots_are_stored_as_0_1_0_stores_and_reads_them(tables: Tables, user_id: str) -> None:
    """Both versions run at the same time while a deployment shifts the traffic."""
    client = tables.connection.client
    table, key = tables.stream_slots.Meta.table_name, {"sessionId": {"S": stream_slots_key(user_id)}}
    until = acquired_until(NOW)
    item = {"slots": {"M": {"one": {"N": repr(until)}}}, "ttl": {"N": repr(int(until) + 1)}}
    client.put_item(TableName=table, Item=key | item)
    slots = DynamoStreamSlots(tables)
    assert slots.acquire(user_id, "one", 2, NOW + 20) == Slot(user_id, "one", renewed_until(NOW + 20), fresh=False)
    slots.drop(user_id, {"one": renewed_until(NOW + 20)})
    assert slots.acquire(user_id, "one", 2, NOW).fresh
    assert client.get_item(TableName=table, Key=key)["Item"] == key | item
