"""The cleanup over Amazon's DynamoDB Local."""

from collections.abc import Iterator

import pytest

from fakes.dynamodb.local import dynamodb_local
from fakes.dynamodb.tables import connect, new_tables
from fakes.functions.deployed_cleanup import DeployedCleanup


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with dynamodb_local() as url:
        new_tables(url)
        yield url


@pytest.fixture
def deployed(server: str) -> DeployedCleanup:
    found = DeployedCleanup(server, connect(server))
    found.run()  # what other tests left
    return found
