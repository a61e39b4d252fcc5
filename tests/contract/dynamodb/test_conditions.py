"""Conditions of the local stack's DynamoDB mean what they mean in Amazon's."""

import pytest

from fakes.dynamodb.pair import ITEM, KEY, DynamoDBPair, given

CONDITIONS = [
    # Comparators
    "txt = :text", "txt < :later", "num >= :n", "num < :text", "nothing = :null", "flag = :true",
    "txt <> :n", "flag <> :true", "num <> :six", "nope = :text", "nope <> :text", "bin < :abd",
    "texts = :texts", "texts = :b", "members = :map", "elements = :text", "txt = num", "sk = :one", "pk = :text",
    "flag < :true", "num > :null", "num > :true", "txt = txt", "nope = nope", "nope <> nope",
    # Paths
    "elements[0] = :x", "elements[9] = :x", "elements [ 0 ] = :x", "members.a = :one", "members.zz = :one",
    "members.a.b = :one", "txt.a = :text", "a.b.c[0][1] = :text",
    # Functions
    "attribute_exists(txt)", "attribute_exists (txt)", "attribute_exists(nope)", "attribute_not_exists(txt)",
    "attribute_not_exists(nope)", "attribute_exists(elements[0].a)", "attribute_type(txt, :S)",
    "attribute_type(txt, :five)", "begins_with(txt, :h)", "begins_with (txt, :l)", "begins_with(num, :five)",
    "begins_with(txt, txt)", "contains(txt, :l)", "contains(texts, :a)", "contains(elements, :x)",
    "contains(numbers, :two)", "contains(num, :five)", "contains(:whole, txt)", "contains(txt, txt)",
    "size(txt) = :five", "size (txt) = :six", "size(elements) = :three", "size(texts) = :two",
    "size(bin) = :three", "size(num) = :one", "size(nope) = :one", "size(txt) > :one",
    # BETWEEN and IN
    "num BETWEEN :one AND :six", "num between :one and :six", "num BETWEEN :six AND :one",
    "txt BETWEEN :one AND :six", "num IN (:one, :five)", "num IN (:one, :n)", "txt IN (:text, :one)",
    # AND, OR, NOT
    "NOT txt = :text", "not nope = :text AND attribute_exists(pk)", "NOT (txt = :text OR num = :one)",
    "(txt = :text)", "((txt = :text) AND num > :one) OR flag = :true", "txt = :text AND txt = :text",
    "nope = :one OR nope = :two AND txt = :text",
    # None of the language
    "txt =", "txt", "= :text", "txt = :text AND", "(txt = :text", "txt == :text", "attribute_exists(:text)",
    "txt = :nowhere", "#nowhere = :text", "txt = :text)", "txt % :text",
]  # fmt: skip


@pytest.mark.parametrize("condition", CONDITIONS)
def test_condition_holds_where_amazons_does(pair: DynamoDBPair, condition: str) -> None:
    pair.same("put_item", Item=ITEM)

    request = given(condition, ":one")
    pair.same("update_item", Key=KEY, UpdateExpression="SET touched = :one", ConditionExpression=condition, **request)


@pytest.mark.parametrize("wanted", ["NONE", "ALL_OLD"])
def test_failed_condition_returns_the_item_if_asked(pair: DynamoDBPair, wanted: str) -> None:
    pair.same("put_item", Item=ITEM)
    failed = {
        "ConditionExpression": "num = :six",
        "ReturnValuesOnConditionCheckFailure": wanted,
        "ExpressionAttributeValues": {":six": {"N": "6"}},
    }

    for operation, request in (("put_item", {"Item": ITEM}), ("delete_item", {"Key": KEY})):
        assert pair.same(operation, **request, **failed).error == "ConditionalCheckFailedException"


def test_placeholder_that_is_not_used_is_refused(pair: DynamoDBPair) -> None:
    request = {"Key": KEY, "UpdateExpression": "SET x = :one"}
    values, names = given(":one", ":two"), {"ExpressionAttributeNames": {"#x": "x"}}

    assert pair.same("update_item", **request, **values).error == "ValidationException"
    assert pair.same("update_item", **request, **given(":one"), **names).error == "ValidationException"
