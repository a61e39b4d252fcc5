"""Keys and indexes of the tables, as the code has them."""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from unittest.mock import patch

from pynamodb.indexes import Index
from pynamodb.models import Model

from chat.dynamo import Tables
from chat.settings import StorageSettings
from local_stack.emulator.launch import FAKE_CREDENTIALS
from template.checks.stack import Stack

type Keys = Mapping[str, tuple[str, str]]
"""Key attributes by kind: name and type."""


def check_keys(stack: Stack) -> Iterator[str]:
    """The models of PynamoDB and the tables have the same keys, indexes and projections."""
    tables = stack.of_type("AWS::DynamoDB::Table")
    for name, (keys, indexes) in _in_code().items():
        properties = tables.get(name, {"KeySchema": [], "AttributeDefinitions": []})
        if _keys(properties["KeySchema"], properties) != keys:
            yield f"{name}: the code has the keys {keys}"
        made = {
            index["IndexName"]: (_keys(index["KeySchema"], properties), _projection(index["Projection"]))
            for index in properties.get("GlobalSecondaryIndexes", [])
        }
        if made != indexes:
            yield f"{name}: the code has the indexes {indexes}, and the template {made}"


def _keys(schema: list[Mapping[str, str]], table: Mapping[str, Any]) -> Keys:
    types = {item["AttributeName"]: item["AttributeType"] for item in table["AttributeDefinitions"]}
    return {item["KeyType"]: (item["AttributeName"], types.get(item["AttributeName"], "")) for item in schema}


def _projection(projection: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
    return projection["ProjectionType"], frozenset(projection.get("NonKeyAttributes", ()))


@cache
def _in_code() -> dict[str, tuple[Keys, dict[str, Any]]]:
    with patch.dict(os.environ, FAKE_CREDENTIALS):
        tables = Tables(
            StorageSettings(sessions_table="SessionsTable", chats_table="ChatsTable", users_table="UsersTable")
        )
    models: tuple[type[Model], ...] = (tables.sessions, tables.chats, tables.users)
    found: dict[str, tuple[Keys, dict[str, Any]]] = {model.Meta.table_name: _of_model(model) for model in models}
    # Powertools' own layout: aws_lambda_powertools.utilities.idempotency.DynamoDBPersistenceLayer.
    return {**found, "IdempotencyTable": ({"HASH": ("id", "S")}, {})}


def _of_model(model: type[Model]) -> tuple[Keys, dict[str, Any]]:
    table = model._get_connection().get_meta_table().data
    projections = {index.Meta.index_name: _of_index(index) for index in model._indexes.values()}
    return _keys(table["KeySchema"], table), {
        index["IndexName"]: (_keys(index["KeySchema"], table), projections[index["IndexName"]])
        for index in table["GlobalSecondaryIndexes"]
    }


def _of_index(index: Index[Any]) -> tuple[str, frozenset[str]]:
    projection = index.Meta.projection
    return projection.projection_type, frozenset(projection.non_key_attributes or ())
