"""The template's tables as the stack on one machine makes them, on each imitation of DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest

from fakes.conversation import Conversation, dynamo_stores
from fakes.dynamodb.local import dynamodb_local
from fakes.dynamodb.server import dynamodb_server
from fakes.dynamodb.tables import TEMPLATE, connect
from local_stack.emulator.launch import FAKE_CREDENTIALS
from local_stack.sam.template import TableSpec, read_template
from local_stack.services.dynamodb import create_tables


@pytest.fixture(params=[dynamodb_server, dynamodb_local])
def empty_server(request: pytest.FixtureRequest) -> Iterator[str]:
    with request.param() as url:
        yield url


def without_index(table: TableSpec) -> TableSpec:
    """SessionsTable as it was before it had one."""
    if table.name != "SessionsTable":
        return table
    properties = {name: value for name, value in table.properties.items() if name != "GlobalSecondaryIndexes"}
    keys = [item for item in table.properties["AttributeDefinitions"] if item["AttributeName"] == "sessionId"]
    return replace(table, properties=properties | {"AttributeDefinitions": keys})


def test_index_is_added_to_a_table_that_lacks_it(empty_server: str) -> None:
    template = read_template(TEMPLATE)
    create_tables(empty_server, replace(template, tables=tuple(map(without_index, template.tables))))
    session = Conversation(dynamo_stores(connect(empty_server))).start()

    create_tables(empty_server, template)
    create_tables(empty_server, template)

    client = boto3.client(
        "dynamodb",
        endpoint_url=empty_server,
        region_name="us-east-1",
        aws_access_key_id=FAKE_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=FAKE_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    (index,) = client.describe_table(TableName="SessionsTable")["Table"]["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "SessionsByBucket"
    assert dynamo_stores(connect(empty_server)).sessions.get(session.session_id) == session
