"""Items whose attributes cannot be index keys, after DynamoDB's guide.

docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.ViolationDetection.html. Amazon's DynamoDB Local
neither adds old items to a new index nor checks what an update writes.
"""

from pathlib import Path
from typing import Any

import pytest

from local_stack.dynamodb_server.errors import DynamoDBError
from local_stack.dynamodb_server.operations import definitions, reads, writes
from local_stack.dynamodb_server.storage.database import Database
from local_stack.dynamodb_server.storage.journal import Journal
from local_stack.dynamodb_server.values import Item

TABLE = {"TableName": "Things"}
OLD: dict[str, Item] = {
    "fits": {"grp": {"S": "g"}, "rnk": {"N": "1"}},
    "second": {"grp": {"S": "g"}, "rnk": {"N": "0"}},
    "lacks both": {},
    "lacks the sort key": {"grp": {"S": "g"}},
    "number for a string": {"grp": {"N": "1"}, "rnk": {"N": "1"}},
    "string for a number": {"grp": {"S": "g"}, "rnk": {"S": "1"}},
    "map": {"grp": {"M": {}}, "rnk": {"N": "1"}},
    "null": {"grp": {"S": "g"}, "rnk": {"NULL": True}},
    "empty": {"grp": {"S": ""}, "rnk": {"N": "1"}},
    "too long": {"grp": {"S": "g" * 2049}, "rnk": {"N": "1"}},
}


def attributes(**types: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]


def schema(partition: str, sort: str | None = None) -> list[dict[str, str]]:
    keys = [{"AttributeName": partition, "KeyType": "HASH"}]
    return keys if sort is None else [*keys, {"AttributeName": sort, "KeyType": "RANGE"}]


def add_index(database: Database, **types: str) -> None:
    index = {"IndexName": "ByGroup", "KeySchema": schema("grp", "rnk"), "Projection": {"ProjectionType": "ALL"}}
    request = {**TABLE, "AttributeDefinitions": attributes(**types), "GlobalSecondaryIndexUpdates": [{"Create": index}]}
    definitions.update_table(database, request)


def fill(database: Database) -> None:
    request = {**TABLE, "KeySchema": schema("pk"), "AttributeDefinitions": attributes(pk="S")}
    definitions.create_table(database, request)
    for name, item in OLD.items():
        writes.put_item(database, {**TABLE, "Item": {"pk": {"S": name}, **item}})


def of_group(database: Database) -> list[str]:
    request = {
        **TABLE,
        "IndexName": "ByGroup",
        "KeyConditionExpression": "grp = :g",
        "ExpressionAttributeValues": {":g": {"S": "g"}},
    }
    return [item["pk"]["S"] for item in reads.query(database, request)["Items"]]


def update(database: Database, name: str, expression: str, **values: Any) -> None:
    request = {**TABLE, "Key": {"pk": {"S": name}}, "UpdateExpression": expression}
    given = {f":{name}": value for name, value in values.items()}
    writes.update_item(database, {**request, **({"ExpressionAttributeValues": given} if given else {})})


@pytest.fixture
def database() -> Database:
    """A table with old items, and then an index."""
    database = Database()
    fill(database)
    add_index(database, pk="S", grp="S", rnk="N")
    return database


def test_index_over_old_items_has_those_that_fit(database: Database) -> None:
    assert of_group(database) == ["second", "fits"]
    everything = reads.scan(database, {**TABLE, "IndexName": "ByGroup"})["Items"]
    assert sorted(item["pk"]["S"] for item in everything) == ["fits", "second"]
    assert reads.scan(database, TABLE)["Count"] == len(OLD)


@pytest.mark.parametrize("name", sorted(OLD.keys() - {"empty"}))
def test_old_item_can_be_updated_elsewhere(database: Database, name: str) -> None:
    update(database, name, "SET txt = :t", t={"S": "x"})

    assert of_group(database) == ["second", "fits"]


@pytest.mark.parametrize("name", OLD)
def test_old_item_can_be_mended_and_deleted(database: Database, name: str) -> None:
    update(database, name, "SET grp = :g, rnk = :r", g={"S": "g"}, r={"N": "9"})
    assert of_group(database)[-1] == name

    writes.delete_item(database, {**TABLE, "Key": {"pk": {"S": name}}})
    assert name not in of_group(database)


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("grp", {"N": "1"}, "to unsupported type"),
        ("grp", {"NULL": True}, "to unsupported type"),
        ("rnk", {"S": "1"}, "to unsupported type"),
        ("grp", {"S": ""}, "cannot contain an empty string value"),
        ("grp", {"S": "g" * 2049}, "beyond allowed size limits"),
    ],
    ids=["number", "null", "string", "empty", "too long"],
)
def test_update_of_an_index_key_is_checked(database: Database, attribute: str, value: Any, message: str) -> None:
    for name in ("fits", "number for a string", "new"):
        with pytest.raises(DynamoDBError, match=message) as refused:
            update(database, name, f"SET {attribute} = :v", v=value)
        assert refused.value.error_type == "ValidationException"

    assert of_group(database) == ["second", "fits"]


def test_index_with_another_type_has_other_items(database: Database) -> None:
    request = {**TABLE, "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "ByGroup"}}]}
    definitions.update_table(database, {**request, "AttributeDefinitions": attributes(pk="S")})

    add_index(database, pk="S", grp="S", rnk="S")

    assert of_group(database) == ["string for a number"]


def test_type_of_the_tables_own_key_stays(database: Database) -> None:
    with pytest.raises(DynamoDBError, match="cannot be changed"):
        definitions.update_table(database, {**TABLE, "AttributeDefinitions": attributes(pk="N", grp="S", rnk="N")})


def test_old_items_are_loaded_with_an_index_that_they_do_not_fit(tmp_path: Path) -> None:
    file = tmp_path / "dynamodb.journal"
    first = Database(Journal(file, print))
    fill(first)
    first.commit()
    add_index(first, pk="S", grp="S", rnk="N")
    first.commit()

    # Once from the appended lines, once from the first start's compaction.
    for _ in range(2):
        again = Database(Journal(file, print))
        assert len(again.table("Things")) == len(OLD)
        assert of_group(again) == ["second", "fits"]
