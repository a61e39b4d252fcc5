"""The implementations that every contract suite runs over."""

from collections.abc import Iterator

import pytest

from chat.dynamo import Tables
from fakes.conversation import Conversation, Stores, dynamo_stores, memory_stores
from fakes.dynamodb.local import dynamodb_local
from fakes.dynamodb.server import dynamodb_server
from fakes.dynamodb.tables import new_tables

DYNAMODB = ("local", "dynamodb-local")


@pytest.fixture(scope="session")
def local_tables() -> Iterator[Tables]:
    with dynamodb_server() as url:
        yield new_tables(url)


@pytest.fixture(scope="session")
def dynamodb_local_tables() -> Iterator[Tables]:
    with dynamodb_local() as url:
        yield new_tables(url)


@pytest.fixture(params=DYNAMODB)
def tables(request: pytest.FixtureRequest) -> Tables:
    """DynamoDB in each of its two imitations: the local stack's, and Amazon's."""
    found: Tables = request.getfixturevalue(f"{request.param.replace('-', '_')}_tables")
    return found


@pytest.fixture(params=("memory", *DYNAMODB))
def stores(request: pytest.FixtureRequest) -> Stores:
    """Every implementation of the ports."""
    if request.param == "memory":
        return memory_stores()
    return dynamo_stores(request.getfixturevalue(f"{request.param.replace('-', '_')}_tables"))


@pytest.fixture
def conversation(stores: Stores) -> Conversation:
    """A new chat of a new user."""
    return Conversation(stores)
