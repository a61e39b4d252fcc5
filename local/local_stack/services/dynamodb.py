"""Creates the template's tables at a DynamoDB endpoint."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from local_stack.emulator.launch import FAKE_CREDENTIALS
from local_stack.sam.template import TableSpec, Template

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_INDEXES: Final = "GlobalSecondaryIndexes"
_COPIED = (
    "AttributeDefinitions",
    "BillingMode",
    _INDEXES,
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
    "StreamSpecification",
)


class KeySchemaMismatchError(Exception):
    """An existing table has another key than the template's; the message is one sentence."""


def with_tables_named(template: Template, variables: Mapping[str, str]) -> Template:
    """The template with its table names replaced by those that `variables` set."""
    names = {
        own: variables[variable]
        for function in template.functions
        for variable, own in function.environment.items()
        if variable in variables
    }
    tables = tuple(replace(table, name=names.get(table.name, table.name)) for table in template.tables)
    return replace(template, tables=tables)


def create_tables(endpoint: str, template: Template, *, environ: Mapping[str, str] | None = None) -> None:
    """Creates the template's missing tables with their TTL attributes, and missing indexes of existing tables.

    `environ` may hold credentials for an endpoint that checks them.

    Raises:
        KeySchemaMismatchError: an existing table has another key schema.
    """
    client = _client(endpoint, environ or {})
    existing = set(_table_names(client))
    for table in template.tables:
        if table.name not in existing:
            _create(client, table)
            continue
        if client.describe_table(TableName=table.name)["Table"]["KeySchema"] != table.properties["KeySchema"]:
            raise KeySchemaMismatchError(
                f"the table {table.name} has another key than the template's: FRESH=1 deletes the data"
            )
        if _INDEXES in table.properties:
            _add_indexes(client, table)


def _client(endpoint: str, environ: Mapping[str, str]) -> "DynamoDBClient":
    import boto3

    values = {**FAKE_CREDENTIALS, **environ}
    client: DynamoDBClient = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=values["AWS_REGION"],
        aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=values["AWS_SESSION_TOKEN"] or None,
    )
    return client


def _table_names(client: "DynamoDBClient") -> list[str]:
    return [name for page in client.get_paginator("list_tables").paginate() for name in page["TableNames"]]


def _create(client: "DynamoDBClient", table: TableSpec) -> None:
    properties: dict[str, Any] = {key: table.properties[key] for key in _COPIED if key in table.properties}
    client.create_table(TableName=table.name, **properties)
    client.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    if (ttl := table.properties.get("TimeToLiveSpecification")) is not None:
        client.update_time_to_live(
            TableName=table.name,
            TimeToLiveSpecification={"AttributeName": ttl["AttributeName"], "Enabled": bool(ttl.get("Enabled"))},
        )


def _add_indexes(client: "DynamoDBClient", table: TableSpec) -> None:
    """Adds missing indexes to a table that an earlier version of the template created."""
    existing = {index["IndexName"] for index in client.describe_table(TableName=table.name)["Table"].get(_INDEXES, [])}
    for index in table.properties[_INDEXES]:
        if index["IndexName"] not in existing:
            client.update_table(
                TableName=table.name,
                AttributeDefinitions=table.properties["AttributeDefinitions"],
                GlobalSecondaryIndexUpdates=[{"Create": index}],
            )
