"""A user, and the history as it is read."""

import pytest

from fakes.functions.history_reader import Reader


@pytest.fixture
def reader() -> Reader:
    return Reader()
