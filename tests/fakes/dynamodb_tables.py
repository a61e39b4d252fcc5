"""The template's tables in a DynamoDB of the tests, and the stores over them."""

import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import botocore.session

from chat.dynamo import Tables
from chat.ids import new_id
from chat.settings import StorageSettings
from local_stack.template import read_template

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
CREATE_TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def new_tables(endpoint_url: str) -> Tables:
    """Tables with names of their own, as empty as the day they were deployed."""
    prefix = new_id()
    environ = CREDENTIALS | {"AWS_ENDPOINT_URL_DYNAMODB": endpoint_url}
    with patch.dict(os.environ, environ):
        client: Any = botocore.session.Session().create_client("dynamodb")
        for table in read_template(TEMPLATE).tables:
            wanted = {name: table.properties[name] for name in CREATE_TABLE_PROPERTIES if name in table.properties}
            client.create_table(TableName=prefix + table.name, **wanted)
        client.close()
        return connect(endpoint_url, prefix)


def connect(endpoint_url: str, prefix: str) -> Tables:
    """Another connection to the tables whose names begin with `prefix`."""
    with patch.dict(os.environ, CREDENTIALS | {"AWS_ENDPOINT_URL_DYNAMODB": endpoint_url}):
        tables = Tables(
            StorageSettings(
                sessions_table=f"{prefix}SessionsTable",
                chats_table=f"{prefix}ChatsTable",
                users_table=f"{prefix}UsersTable",
            )
        )
        tables.prepare()
        return tables
