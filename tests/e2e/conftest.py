"""One running stack for the tests of a module."""

from collections.abc import Iterator

import pytest

from fakes.stack.frontend import Frontend
from fakes.stack.process import RunningStack, running_stack


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    with running_stack(environ={"DEMO_TOKENS_PER_SECOND": "40"}) as running:
        yield running


@pytest.fixture
def alice(stack: RunningStack) -> Iterator[Frontend]:
    with Frontend(stack, "alice") as frontend:
        yield frontend
