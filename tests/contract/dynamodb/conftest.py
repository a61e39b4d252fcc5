"""The local stack's DynamoDB beside Amazon's."""

from collections.abc import Iterator

import pytest

from fakes.dynamodb.local import dynamodb_local
from fakes.dynamodb.pair import DynamoDBPair
from fakes.dynamodb.server import dynamodb_server


@pytest.fixture(scope="session")
def pair() -> Iterator[DynamoDBPair]:
    with dynamodb_server() as local, dynamodb_local() as amazon:
        yield DynamoDBPair(local, amazon)
