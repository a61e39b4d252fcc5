"""Queries, scans and batches of the local stack's DynamoDB find what they find in Amazon's."""

from collections.abc import Iterator
from typing import Any

import pytest

from fakes.dynamodb.pair import INDEX, TABLE, DynamoDBPair

VALUES: dict[str, Any] = {
    ":p": {"S": "q0"}, ":g": {"S": "many"}, ":a": {"N": "-3"}, ":b": {"N": "3"}, ":m": {"N": "-1"}, ":t": {"S": "-1"},
}  # fmt: skip
QUERIES: list[dict[str, Any]] = [
    {"KeyConditionExpression": "pk = :p"},
    {"KeyConditionExpression": "pk = :p", "ScanIndexForward": False, "Limit": 2},
    {"KeyConditionExpression": "pk = :p", "Limit": 6},
    {"KeyConditionExpression": "pk = :p", "Limit": 7},
    {"KeyConditionExpression": "pk = :p", "Limit": 0},
    {"KeyConditionExpression": "pk = :p AND sk > :m"},
    {"KeyConditionExpression": "sk >= :m AND pk = :p"},
    {"KeyConditionExpression": "pk = :p AND sk < :m"},
    {"KeyConditionExpression": "pk = :p AND sk <= :m"},
    {"KeyConditionExpression": "pk = :p AND sk = :m"},
    {"KeyConditionExpression": "pk = :p AND sk <> :m"},
    {"KeyConditionExpression": "pk = :p AND sk BETWEEN :a AND :b"},
    {"KeyConditionExpression": "pk = :p AND sk BETWEEN :b AND :a"},
    {"KeyConditionExpression": "pk = :p OR sk = :a"},
    {"KeyConditionExpression": "pk = :p AND v = :a"},
    {"KeyConditionExpression": "sk = :a"},
    {"KeyConditionExpression": "pk = :a"},
    {"KeyConditionExpression": "pk = :p AND sk > :t"},
    {"KeyConditionExpression": "pk = :p AND begins_with(sk, :a)"},
    {"KeyConditionExpression": "pk = :p", "FilterExpression": "v > :b", "Limit": 3},
    {"KeyConditionExpression": "pk = :p", "FilterExpression": "sk > :b"},
    {"KeyConditionExpression": "pk = :p", "Select": "COUNT"},
    {"KeyConditionExpression": "pk = :p", "ProjectionExpression": "v, sk, nope.a"},
    {"KeyConditionExpression": "pk = :p", "ExclusiveStartKey": {"pk": {"S": "q0"}, "sk": {"N": "-2"}}},
    {"KeyConditionExpression": "pk = :p", "ExclusiveStartKey": {"pk": {"S": "q0"}}},
    {"KeyConditionExpression": "pk = :p", "ExclusiveStartKey": {"pk": {"S": "q1"}, "sk": {"N": "0"}}},
    {"KeyConditionExpression": "#g = :g AND #r < :b", "IndexName": INDEX, "Select": "COUNT"},
    {"KeyConditionExpression": "#g = :g", "IndexName": INDEX, "ConsistentRead": True},
    {"KeyConditionExpression": "#g = :g", "IndexName": "Nowhere"},
    {},
]


@pytest.fixture(scope="module")
def filled(pair: DynamoDBPair) -> DynamoDBPair:
    """Twelve items in two partitions; eight of them in the index."""
    for i in range(12):
        item = {"pk": {"S": f"q{i % 2}"}, "sk": {"N": str(i - 5)}, "v": {"N": str(i)}}
        grp = {"grp": {"S": "many"}, "rnk": {"N": str(i // 3)}} if i % 4 else {}
        pair.same("put_item", Item=item | grp)
    return pair


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_query_finds_what_amazons_does(filled: DynamoDBPair, query: dict[str, Any]) -> None:
    expression = query.get("KeyConditionExpression", "") + query.get("FilterExpression", "")
    values = {name: value for name, value in VALUES.items() if name in expression}
    names = {name: whole for name, whole in (("#g", "grp"), ("#r", "rnk")) if name in expression}
    request = {"ExpressionAttributeValues": values} if values else {}

    filled.same("query", **query, **request, **({"ExpressionAttributeNames": names} if names else {}))


@pytest.mark.parametrize("forward", [True, False])
def test_pages_of_an_index_have_every_item_once_and_in_order(filled: DynamoDBPair, *, forward: bool) -> None:
    request = {
        "IndexName": INDEX,
        "KeyConditionExpression": "#g = :g",
        "ExpressionAttributeNames": {"#g": "grp"},
        "ExpressionAttributeValues": {":g": {"S": "many"}},
        "ScanIndexForward": forward,
        "Limit": 2,
    }

    found = [list(pages(client, "query", request)) for client in (filled.local, filled.amazon)]

    ranks = [[item["rnk"]["N"] for item in items] for items in found]
    assert ranks[0] == ranks[1] == sorted(ranks[0], reverse=not forward)
    assert sorted(item["v"]["N"] for item in found[0]) == sorted(item["v"]["N"] for item in found[1])


def test_pages_of_a_scan_have_every_item_once(filled: DynamoDBPair) -> None:
    found = [
        sorted((item["pk"]["S"], item["sk"]["N"]) for item in pages(client, "scan", {"Limit": 5}))
        for client in (filled.local, filled.amazon)
    ]

    assert found[0] == found[1]
    assert len(set(found[0])) == len(found[0]) >= 12


def test_batches_do_what_amazons_do(filled: DynamoDBPair) -> None:
    key, other, nowhere = ({"pk": {"S": name}, "sk": {"N": "1"}} for name in ("batch", "other", "nowhere"))
    writes = [{"PutRequest": {"Item": {**one, "v": {"N": "1"}}}} for one in (key, other)]

    def write(requests: list[Any]) -> str | None:
        return filled.same("batch_write_item", RequestItems={TABLE: requests}).error

    def get(**request: Any) -> str | None:
        return filled.same("batch_get_item", RequestItems={TABLE: request}).error

    assert write(writes) is None
    assert get(Keys=[key, nowhere], ProjectionExpression="v") is None
    assert write([{"DeleteRequest": {"Key": key}}, {"DeleteRequest": {"Key": nowhere}}]) is None
    assert get(Keys=[key]) is None
    assert write([writes[0]] * 2) == get(Keys=[key, key]) == "ValidationException"


def test_key_that_does_not_fit_is_refused(filled: DynamoDBPair) -> None:
    for key in ({"pk": {"S": "a"}}, {"pk": {"S": "a"}, "sk": {"S": "1"}}, {"pk": {"S": ""}, "sk": {"N": "1"}}):
        assert filled.same("get_item", Key=key).error == "ValidationException"


def pages(client: Any, operation: str, request: dict[str, Any]) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(TableName=TABLE, **request):
        yield from page["Items"]
