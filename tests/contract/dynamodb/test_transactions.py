"""Transactions of the local stack's DynamoDB do all or nothing, and nothing twice, as Amazon's."""

from typing import Any

import pytest

from chat.ids import new_id
from fakes.dynamodb.pair import TABLE, DynamoDBPair

ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}
ONE = {"ExpressionAttributeValues": {":one": {"N": "1"}}}


def key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}, "sk": {"N": "1"}}


def put(name: str, *, value: Any = None, **request: Any) -> dict[str, Any]:
    return {"Put": {"TableName": TABLE, "Item": {**key(name), "v": value or {"N": "1"}}, **request}}


def on(kind: str, name: str, **request: Any) -> dict[str, Any]:
    return {kind: {"TableName": TABLE, "Key": key(name), **request}}


THERE = "there"
TRANSACTIONS: dict[str, list[Any]] = {
    "two puts": [put("t1"), put("t2")],
    "one item twice": [put("t1"), put("t1")],
    "failed": [put(THERE, **ABSENT), put("t3")],
    "failed, with the item": [put(THERE, **ABSENT, ReturnValuesOnConditionCheckFailure="ALL_OLD"), put("t3")],
    "check": [on("ConditionCheck", THERE, ConditionExpression="v = :one", **ONE), put("t4")],
    "failed check": [on("ConditionCheck", THERE, ConditionExpression="v > :one", **ONE), put("t5")],
    "check of nothing": [on("ConditionCheck", THERE), put("t5")],
    "update and delete": [on("Update", THERE, UpdateExpression="SET v = v + :one", **ONE), on("Delete", "t2")],
    "too large": [put("t6", value={"S": "a" * 410_000}), put("t7")],
    "too large, and failed": [put(THERE, **ABSENT), put("t6", value={"S": "a" * 410_000})],
    "empty key": [put(""), put("t7")],
    "no table": [{"Put": {"TableName": "Nowhere", "Item": key("t6")}}, put("t7")],
    "no update": [on("Update", THERE, UpdateExpression="SET v =", **ONE), put("t7")],
    "nothing": [],
    "too many": [put(f"many{i}") for i in range(101)],
    "two in one": [put("t1") | on("Delete", "t2")],
}


@pytest.mark.parametrize("name", TRANSACTIONS)
def test_transaction_does_what_amazons_does(pair: DynamoDBPair, name: str) -> None:
    pair.same("put_item", Item={**key(THERE), "v": {"N": "1"}})

    transact(pair, TRANSACTIONS[name])

    keys = [key(f"t{i}") for i in range(1, 8)]
    pair.same("batch_get_item", RequestItems={TABLE: {"Keys": [key(THERE)]}})
    for one in keys:
        pair.same("get_item", Key=one)
        pair.same("delete_item", Key=one)


def test_repeated_transaction_succeeds_without_a_second_effect(pair: DynamoDBPair) -> None:
    name, token = new_id(), new_id()
    once = [put(name, **ABSENT), on("Update", f"{name}-n", UpdateExpression="ADD n :one", **ONE)]

    assert transact(pair, once, ClientRequestToken=token) is None
    assert transact(pair, once, ClientRequestToken=token) is None

    assert pair.same("get_item", Key=key(f"{name}-n")).answer["Item"]["n"] == {"N": "1"}
    assert transact(pair, once, ClientRequestToken=new_id()) == "TransactionCanceledException"


def test_token_with_another_transaction_is_a_mismatch(pair: DynamoDBPair) -> None:
    name, token = new_id(), new_id()

    assert transact(pair, [put(name)], ClientRequestToken=token) is None
    assert transact(pair, [put(f"{name}-other")], ClientRequestToken=token) == "IdempotentParameterMismatchException"

    assert "Item" not in pair.same("get_item", Key=key(f"{name}-other")).answer


def test_token_of_a_cancelled_transaction_counts_for_nothing(pair: DynamoDBPair) -> None:
    name, token = new_id(), new_id()
    pair.same("put_item", Item=key(name))
    once = [put(name, **ABSENT), put(f"{name}-other")]

    assert transact(pair, once, ClientRequestToken=token) == "TransactionCanceledException"
    pair.same("delete_item", Key=key(name))
    assert transact(pair, once, ClientRequestToken=token) is None

    assert "Item" in pair.same("get_item", Key=key(f"{name}-other")).answer


def transact(pair: DynamoDBPair, items: list[Any], **request: Any) -> str | None:
    return pair.same("transact_write_items", TransactItems=items, **request).error
