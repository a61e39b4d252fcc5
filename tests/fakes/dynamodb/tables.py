"""The template's tables in a DynamoDB of the tests."""

import os
from pathlib import Path
from unittest.mock import patch

from chat.dynamo import Tables
from chat.settings import StorageSettings
from local_stack.emulator.launch import FAKE_CREDENTIALS
from local_stack.sam.template import read_template
from local_stack.services.dynamodb import create_tables

TEMPLATE = Path(__file__).parents[3] / "template.yaml"


def new_tables(endpoint_url: str) -> Tables:
    """All tables, as the template has them, on a server where there are none yet."""
    create_tables(endpoint_url, read_template(TEMPLATE))
    return connect(endpoint_url)


def connect(endpoint_url: str, prefix: str = "") -> Tables:
    """A new connection to the tables whose names begin with `prefix`; they need not exist."""
    with patch.dict(os.environ, FAKE_CREDENTIALS | {"AWS_ENDPOINT_URL_DYNAMODB": endpoint_url}):
        tables = Tables(
            StorageSettings(
                sessions_table=f"{prefix}SessionsTable",
                chats_table=f"{prefix}ChatsTable",
                users_table=f"{prefix}UsersTable",
            )
        )
        tables.prepare()
        return tables
