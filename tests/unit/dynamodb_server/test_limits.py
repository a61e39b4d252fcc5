"""Limits of the local stack's DynamoDB that take long to reach."""

from typing import Any

import pytest

from fakes.clock import FakeClock
from local_stack.dynamodb_server.errors import DynamoDBError
from local_stack.dynamodb_server.operations import reads, writes
from local_stack.dynamodb_server.operations.definitions import create_table
from local_stack.dynamodb_server.operations.transactions import TOKEN_SECONDS, Transactions
from local_stack.dynamodb_server.storage.database import Database

ADD: dict[str, Any] = {
    "TransactItems": [
        {
            "Update": {
                "TableName": "Things",
                "Key": {"id": {"S": "n"}, "at": {"S": "0"}},
                "UpdateExpression": "ADD n :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            }
        }
    ],
    "ClientRequestToken": "token",
}


@pytest.fixture
def database() -> Database:
    database = Database()
    schema = [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
    attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "at")]
    create_table(database, {"TableName": "Things", "KeySchema": schema, "AttributeDefinitions": attributes})
    return database


def count(database: Database) -> Any:
    found = reads.get_item(database, {"TableName": "Things", "Key": {"id": {"S": "n"}, "at": {"S": "0"}}})
    return found["Item"]["n"]["N"]


def test_token_counts_for_ten_minutes(database: Database) -> None:
    clock = FakeClock()
    transactions = Transactions(database, now=clock.now)

    transactions.transact_write_items(ADD)
    clock.advance(TOKEN_SECONDS - 1)
    transactions.transact_write_items(ADD)
    assert count(database) == "1"

    clock.advance(1)
    transactions.transact_write_items(ADD)
    assert count(database) == "2"


def test_tokens_are_forgotten(database: Database) -> None:
    clock = FakeClock()
    transactions = Transactions(database, now=clock.now)
    for i in range(1000):
        transactions.transact_write_items({**ADD, "ClientRequestToken": str(i)})
        clock.advance(TOKEN_SECONDS / 100)

    assert len(transactions._tokens) <= 101


def test_page_ends_at_one_megabyte(database: Database) -> None:
    for i in range(12):
        item = {"id": {"S": "a"}, "at": {"S": f"{i:02}"}, "text": {"S": "x" * 200_000}}
        writes.put_item(database, {"TableName": "Things", "Item": item})
    request: dict[str, Any] = {
        "TableName": "Things",
        "KeyConditionExpression": "id = :id",
        "ExpressionAttributeValues": {":id": {"S": "a"}},
    }

    first = reads.query(database, request)
    second = reads.query(database, {**request, "ExclusiveStartKey": first["LastEvaluatedKey"]})

    assert [item["at"]["S"] for item in first["Items"]] == [f"{i:02}" for i in range(6)]
    assert [item["at"]["S"] for item in second["Items"]] == [f"{i:02}" for i in range(6, 12)]


def test_parameter_from_before_expressions_is_refused(database: Database) -> None:
    request = {"TableName": "Things", "Item": {"id": {"S": "a"}, "at": {"S": "0"}}, "Expected": {}}

    with pytest.raises(DynamoDBError, match="Expected is not supported here"):
        writes.put_item(database, request)
