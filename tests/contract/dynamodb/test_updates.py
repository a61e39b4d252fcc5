"""Updates and puts of the local stack's DynamoDB do what they do in Amazon's."""

from typing import Any

import pytest

from fakes.dynamodb.pair import ITEM, KEY, DynamoDBPair, given

UPDATES = [
    # SET
    "SET txt = :x", "set txt = :x remove num", "SET q = num", "SET q = nope", "SET txt = ( :x )",
    "SET q = if_not_exists(nope, :one)", "SET q = if_not_exists(num, :one) + :one",
    "SET num = if_not_exists (num, :one) + :one", "SET num = num + :one", "SET num = num - :one",
    "SET num = :one - num", "SET num = ( num + :one )", "SET num = num + :one + :two",
    "SET txt = txt + :one", "SET num = num + :big", "SET num = :huge", "SET num = :word",
    "SET num = :long", "SET num = :minus", "SET elements = list_append(elements, :list)",
    "SET elements = list_append(:list, elements)", "SET elements = list_append(nope, :list)",
    "SET q = list_append(if_not_exists(nope, :list), :list)", "SET q = list_append(elements, elements)",
    "SET elements[1] = :x", "SET elements[10] = :x", "SET elements[10] = :x, elements[11] = :one",
    "SET elements[0] = elements[1], elements[1] = elements[0]", "SET members.a = :x", "SET members.zz = :x",
    "SET members.l[0] = :x", "SET members.l[3] = :x", "SET members.a = members.a + :one", "SET nope.zz = :x",
    "SET elements.a = :x", "SET members[0] = :x", "SET nope[0] = :x", "SET grp = :empty", "SET txt = :none",
    "SET txt = :twice", "SET grp = :x, rnk = :two", "SET q = size(txt)", "SET nope = if_not_exists(nope, nope2)",
    # REMOVE
    "REMOVE txt", "REMOVE nope", "REMOVE grp", "REMOVE elements[0]", "REMOVE elements[0], elements[1]",
    "REMOVE elements[0], elements[2]", "REMOVE elements[9]", "REMOVE members.a, members.l[0]", "REMOVE nope.a",
    "REMOVE members.nope", "REMOVE members.nope.x", "REMOVE txt.x", "REMOVE txt[0]",
    "REMOVE elements[0] SET elements[2] = :x",
    # ADD
    "ADD num :one", "ADD nope :one", "ADD txt :one", "ADD texts :b", "ADD texts :a", "ADD nope :texts",
    "ADD numbers :numbers", "ADD num :texts", "ADD elements :list", "ADD members.a :one", "ADD members.nn :one",
    "ADD nope.nn :one", "ADD elements[1] :one",
    # DELETE
    "DELETE texts :b", "DELETE texts :texts", "DELETE nope :texts", "DELETE txt :texts", "DELETE numbers :numbers",
    "DELETE texts :a", "DELETE members.a :texts",
    # Several, and what does not go together
    "SET txt = :x REMOVE num ADD rnk :one", "SET txt = :x SET num = :one", "SET txt = :x, txt = :one",
    "SET members = :map, members.a = :x", "SET members.a = :x REMOVE members", "SET pk = :x", "SET sk = :one",
    "REMOVE pk", "ADD sk :one",
    # None of the language
    "SET", "", "SET txt", "SET txt =", "SET txt = :x,", "SET txt = :x num = :one", "SET #x = :x",
    "SET txt = :nowhere",
]  # fmt: skip

PUTS: list[dict[str, Any]] = [
    {"pk": {"S": ""}, "sk": {"N": "1"}},
    {"pk": {"S": "a"}},
    {"pk": {"N": "1"}, "sk": {"N": "1"}},
    {**KEY, "grp": {"S": ""}},
    {**KEY, "grp": {"N": "1"}},
    {**KEY, "x": {"S": "a" * 409_585}},
    {**KEY, "x": {"S": "a" * 409_600}},
    {**KEY, "x": {}},
    {**KEY, "x": {"S": "a", "N": "1"}},
    {**KEY, "x": {"M": {"": {"S": "a"}}}},
    {**KEY, "": {"S": "x"}},
    {**KEY, "x": {"N": "007.10"}},
    {**KEY, "x": {"N": "1E-3"}},
    {**KEY, "x": {"N": "-0"}},
    {**KEY, "x": {"N": "1e400"}},
    {**KEY, "x": {"N": ""}},
    {**KEY, "x": {"SS": ["a", ""]}},
    {**KEY, "x": {"NS": ["1", "1.0"]}},
    {**KEY, "x": {"L": []}, "y": {"M": {}}},
]


@pytest.mark.parametrize("update", UPDATES)
def test_update_makes_of_an_item_what_amazons_does(pair: DynamoDBPair, update: str) -> None:
    pair.same("put_item", Item=ITEM)

    pair.same("update_item", Key=KEY, UpdateExpression=update, ReturnValues="ALL_NEW", **given(update))
    pair.same("get_item", Key=KEY)


@pytest.mark.parametrize("item", PUTS, ids=lambda item: str(item)[:80])
def test_put_stores_what_amazons_does(pair: DynamoDBPair, item: dict[str, Any]) -> None:
    pair.same("put_item", Item=KEY)

    pair.same("put_item", Item=item, ReturnValues="ALL_OLD")
    pair.same("get_item", Key=KEY)


@pytest.mark.parametrize("wanted", ["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"])
def test_update_returns_the_requested_values(pair: DynamoDBPair, wanted: str) -> None:
    pair.same("put_item", Item=ITEM)
    update = "SET num = num + :one, w = :one REMOVE txt"

    pair.same("update_item", Key=KEY, UpdateExpression=update, ReturnValues=wanted, **given(update))


def test_update_of_nothing_makes_an_item(pair: DynamoDBPair) -> None:
    key = {"pk": {"S": "new"}, "sk": {"N": "1"}}

    pair.same("update_item", Key=key, UpdateExpression="SET x = :x", ReturnValues="ALL_NEW", **given(":x"))
    pair.same("update_item", Key=key, ReturnValues="ALL_NEW")
    pair.same("delete_item", Key=key, ReturnValues="ALL_OLD")
    pair.same("delete_item", Key=key, ReturnValues="ALL_OLD")
    pair.same("get_item", Key=key)
