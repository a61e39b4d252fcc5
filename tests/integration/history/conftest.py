"""The history function over DynamoDB by moto."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chat.http.function_url import FunctionUrlHandler
from chat_history.composition import compose
from chat_history.routes import create_app
from fakes.functions.buffered import ENVIRON, Answer, Handler, World, call, world

type Get = Callable[..., Answer]


@pytest.fixture(scope="module")
def aws() -> Iterator[World]:
    """Tables shared by a module's tests: each test has its own users."""
    with world() as it:
        yield it


@pytest.fixture(scope="module")
def handler(aws: World) -> Iterator[Handler]:
    built = FunctionUrlHandler(create_app(compose(ENVIRON)))
    yield built
    built.close()


@pytest.fixture
def get(handler: Handler) -> Get:
    """GET /chat/history: `get(bearer, chatId="...", limit=...)`."""

    def get(bearer: str | None, **query: Any) -> Answer:
        return call(handler, "GET", "/chat/history", bearer=bearer, query=query)

    return get
