"""The cleanup over Amazon's DynamoDB Local."""

from collections.abc import Iterator

import pytest

from fakes.deployed_cleanup import DeployedCleanup
from fakes.dynamodb_local import dynamodb_local
from fakes.dynamodb_tables import connect, new_tables


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
