"""The local stack's DynamoDB refuses what is too large, too many or empty where Amazon's does."""

from typing import Any

import pytest

from fakes.dynamodb.pair import TABLE, TEXT_INDEX, TEXT_KEY, TEXT_TABLE, DynamoDBPair

MAX_ITEM_BYTES = 400 * 1024
KEY_BYTES = 6
"""Of `TEXT_KEY`, names and values."""
LARGE_BYTES = 400_000


def text(length: int, character: str = "a") -> dict[str, str]:
    return {"S": character * length}


def nested(levels: int, kind: str) -> Any:
    inner: Any = text(1)
    for _ in range(levels):
        inner = {kind: [inner] if kind == "L" else {"a": inner}}
    return inner


KEYS: dict[str, dict[str, Any]] = {
    "longest partition key": {"pk": text(2048)},
    "partition key too long": {"pk": text(2049)},
    "longest partition key of two bytes a character": {"pk": text(1024, "é")},
    "partition key too long in bytes": {"pk": text(1025, "é")},
    "longest sort key": {"sk": text(1024)},
    "sort key too long": {"sk": text(1025)},
    "empty partition key": {"pk": text(0)},
    "empty sort key": {"sk": text(0)},
}
ITEMS: dict[str, dict[str, Any]] = {
    "longest index keys": {"grp": text(2048), "rnk": text(1024)},
    "index partition key too long": {"grp": text(2049), "rnk": text(1)},
    "index sort key too long": {"grp": text(1), "rnk": text(1025)},
    "index sort key too long, without its partition": {"rnk": text(1025)},
    "index sort key empty": {"rnk": text(0)},
    "index key a number": {"grp": {"N": "1"}},
    "index key null": {"grp": {"NULL": True}},
    "index key a map": {"rnk": {"M": {}}},
    "largest text": {"x": text(MAX_ITEM_BYTES - KEY_BYTES - 1)},
    "text too large": {"x": text(MAX_ITEM_BYTES - KEY_BYTES)},
    "largest list": {"x": {"L": [text(MAX_ITEM_BYTES - KEY_BYTES - 5)]}},
    "list too large": {"x": {"L": [text(MAX_ITEM_BYTES - KEY_BYTES - 4)]}},
    "largest map": {"x": {"M": {"k": text(MAX_ITEM_BYTES - KEY_BYTES - 6)}}},
    "map too large": {"x": {"M": {"k": text(MAX_ITEM_BYTES - KEY_BYTES - 5)}}},
    "largest with a number": {"x": {"N": "12345"}, "y": text(MAX_ITEM_BYTES - KEY_BYTES - 6)},
    "too large with a number": {"x": {"N": "12345"}, "y": text(MAX_ITEM_BYTES - KEY_BYTES - 5)},
    "longest name": {"n" * 65_535: text(1)},
    "name too long": {"n" * 65_536: text(1)},
    "deepest lists": {"x": nested(31, "L")},
    "lists too deep": {"x": nested(32, "L")},
    "deepest maps": {"x": nested(31, "M")},
    "maps too deep": {"x": nested(32, "M")},
    "empty text": {"x": text(0)},
    "empty binary": {"x": {"B": b""}},
    "empty map": {"x": {"M": {}}},
    "empty list": {"x": {"L": []}},
    "empty set of texts": {"x": {"SS": []}},
    "empty set of numbers": {"x": {"NS": []}},
    "empty set of binaries": {"x": {"BS": []}},
    "empty set in a map": {"x": {"M": {"a": {"SS": []}}}},
    "empty set in a list": {"x": {"L": [{"SS": []}]}},
    "set of an empty text": {"x": {"SS": [""]}},
    "set of an empty binary": {"x": {"BS": [b""]}},
    "set of an empty number": {"x": {"NS": [""]}},
    "empty value": {"x": {}},
    "empty value in a map": {"x": {"M": {"a": {}}}},
    "empty value in a list": {"x": {"L": [{}]}},
    "null that is false": {"x": {"NULL": False}},
}
VALUES: dict[str, Any] = {":p": text(1), ":e": text(0), ":x": text(1024), ":y": text(1025)}
CONDITIONS = {
    None: [
        "pk = :e", "pk = :p AND sk = :e", "pk = :p AND sk > :e", "pk = :p AND begins_with(sk, :e)",
        "pk = :p AND sk BETWEEN :e AND :p", "pk = :p AND sk = :x", "pk = :p AND sk = :y", "pk = :p AND sk < :y",
        "pk = :p AND begins_with(sk, :y)",
    ],
    TEXT_INDEX: ["grp = :e", "grp = :p AND rnk = :e", "grp = :p AND rnk > :x", "grp = :p AND rnk > :y"],
}  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
def test_key_is_taken_where_amazons_takes_it(pair: DynamoDBPair, name: str) -> None:
    key = {**TEXT_KEY, **KEYS[name]}

    of_table = {"TableName": TEXT_TABLE}
    pair.same("put_item", **of_table, Item=key)
    pair.same("get_item", **of_table, Key=key)
    pair.same("update_item", **of_table, Key=key, UpdateExpression="REMOVE x")
    pair.same("batch_get_item", RequestItems={TEXT_TABLE: {"Keys": [key]}})
    pair.same("batch_write_item", RequestItems={TEXT_TABLE: [{"PutRequest": {"Item": key}}]})
    pair.same("transact_write_items", TransactItems=[{"Put": {**of_table, "Item": key}}, put("other")])
    pair.same("transact_write_items", TransactItems=[{"Delete": {**of_table, "Key": key}}, put("other")])
    pair.same("delete_item", **of_table, Key=key)


@pytest.mark.parametrize("name", ITEMS)
def test_item_is_taken_where_amazons_takes_it(pair: DynamoDBPair, name: str) -> None:
    item = {**TEXT_KEY, **ITEMS[name]}

    pair.same("put_item", TableName=TEXT_TABLE, Item=TEXT_KEY)
    pair.same("put_item", TableName=TEXT_TABLE, Item=item)
    pair.same("get_item", TableName=TEXT_TABLE, Key=TEXT_KEY)
    pair.same("transact_write_items", TransactItems=[{"Put": {"TableName": TEXT_TABLE, "Item": item}}, put("other")])


@pytest.mark.parametrize(("index", "condition"), [(index, one) for index, all_ in CONDITIONS.items() for one in all_])
def test_query_is_taken_where_amazons_takes_it(pair: DynamoDBPair, index: str | None, condition: str) -> None:
    values = {name: value for name, value in VALUES.items() if name in condition}
    of_index = {} if index is None else {"IndexName": index}
    request = {"KeyConditionExpression": condition, "ExpressionAttributeValues": values, **of_index}

    pair.same("query", TableName=TEXT_TABLE, **request)


@pytest.mark.parametrize("value", [text(0), {"B": b""}, {"M": {}}, {"L": []}, {"SS": []}, {"BS": []}, {}], ids=str)
def test_empty_value_of_an_update(pair: DynamoDBPair, value: Any) -> None:
    request = {"TableName": TEXT_TABLE, "Key": TEXT_KEY, "ReturnValues": "ALL_NEW"}

    pair.same("update_item", **request, UpdateExpression="SET x = :x", ExpressionAttributeValues={":x": value})


@pytest.mark.parametrize("name", ["ExpressionAttributeNames", "ExpressionAttributeValues"])
def test_empty_map_of_placeholders_is_refused(pair: DynamoDBPair, name: str) -> None:
    request: dict[str, Any] = {"TableName": TEXT_TABLE, "Key": TEXT_KEY, "UpdateExpression": "REMOVE x", name: {}}

    assert pair.same("update_item", **request).error == "ValidationException"


def test_set_without_its_last_member_is_gone(pair: DynamoDBPair) -> None:
    request = {"TableName": TEXT_TABLE, "Key": TEXT_KEY, "ReturnValues": "ALL_NEW"}
    values = {"ExpressionAttributeValues": {":x": {"SS": ["a"]}}}

    pair.same("update_item", **request, UpdateExpression="SET x = :x", **values)
    assert "x" not in pair.same("update_item", **request, UpdateExpression="DELETE x :x", **values).answer["Attributes"]


def put(name: str, size: int = 1, **request: Any) -> dict[str, Any]:
    item = {**TEXT_KEY, "pk": {"S": name}, "x": text(size)}
    return {"Put": {"TableName": TEXT_TABLE, "Item": item, **request}}


def update(name: str, size: int) -> dict[str, Any]:
    values = {":x": text(size)}
    of_table = {"TableName": TEXT_TABLE, "Key": {**TEXT_KEY, "pk": {"S": name}}}
    return {"Update": {**of_table, "UpdateExpression": "SET x = :x", "ExpressionAttributeValues": values}}


LARGE = [put(f"{i:02}", LARGE_BYTES) for i in range(10)]
LARGE_ITEM_BYTES = LARGE_BYTES + KEY_BYTES + 2
LEFT_BYTES = 4 * 1024 * 1024 - 10 * LARGE_ITEM_BYTES - (LARGE_ITEM_BYTES - LARGE_BYTES)
TRANSACTIONS: dict[str, list[Any]] = {
    "largest": [*LARGE, put("10", LEFT_BYTES)],
    "too large": [*LARGE, put("10", LEFT_BYTES + 1)],
    "too large with a condition": [*LARGE, put("10", LEFT_BYTES - 23, ConditionExpression="attribute_not_exists(pk)")],
    "largest with a condition": [*LARGE, put("10", LEFT_BYTES - 24, ConditionExpression="attribute_not_exists(pk)")],
    "updates that are too large": [update(f"u{i}", LARGE_BYTES) for i in range(11)],
    "small updates of large items": [update(f"{i:02}", 1) for i in range(10)],
    "most": [put(f"many{i}") for i in range(100)],
    "too many": [put(f"many{i}") for i in range(101)],
}


@pytest.mark.parametrize("name", TRANSACTIONS)
def test_transaction_is_taken_where_amazons_takes_it(pair: DynamoDBPair, name: str) -> None:
    pair.same("delete_item", TableName=TEXT_TABLE, Key={**TEXT_KEY, "pk": {"S": "10"}})

    pair.same("transact_write_items", TransactItems=TRANSACTIONS[name])
    pair.same("get_item", TableName=TEXT_TABLE, Key={**TEXT_KEY, "pk": {"S": "10"}}, ProjectionExpression="pk")


def test_transaction_of_reads_is_taken_where_amazons_takes_it(pair: DynamoDBPair) -> None:
    pair.same("transact_write_items", TransactItems=LARGE)
    pair.same("transact_write_items", TransactItems=[put("10", LARGE_BYTES)])

    def read(*names: str, table: str = TEXT_TABLE) -> str | None:
        gets = [{"Get": {"TableName": table, "Key": {**TEXT_KEY, "pk": {"S": name}}}} for name in names]
        return pair.same("transact_get_items", TransactItems=gets).error

    assert read(*(f"{i:02}" for i in range(10))) is None
    assert read(*(f"{i:02}" for i in range(11))) == "ValidationException"
    assert read(*(f"none{i}" for i in range(100))) is None
    assert read(*(f"none{i}" for i in range(101))) == "ValidationException"
    assert read("00", "00") == "ValidationException"
    assert read() == "ValidationException"
    assert read("0" * 2049) == "ValidationException"
    assert read("00", table=f"{TABLE}-not-there") == "ResourceNotFoundException"
