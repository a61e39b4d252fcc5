"""The start function over DynamoDB by moto."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from chat.http.function_url import FunctionUrlHandler
from chat_start.composition import compose
from chat_start.routes import create_app
from fakes.functions.buffered import ENVIRON, Answer, Handler, World, call, world

type Start = Callable[..., Answer]
type Build = Callable[..., Handler]


@pytest.fixture(scope="module")
def aws() -> Iterator[World]:
    """Tables shared by a module's tests: each test has its own users."""
    with world() as it:
        yield it


@pytest.fixture(scope="module")
def build(aws: World) -> Iterator[Build]:
    """The function, with some settings changed: `build(MAX_PROMPT_CHARS="3")`."""
    with ExitStack() as cleanup:

        def build(**environ: str) -> Handler:
            built = FunctionUrlHandler(create_app(compose(ENVIRON | environ)))
            cleanup.callback(built.close)
            return built

        yield build


@pytest.fixture(scope="module")
def handler(build: Build) -> Handler:
    return build()


@pytest.fixture
def start(handler: Handler) -> Start:
    """POST /chat/start: `start(bearer, prompt="...", ...)`."""

    def start(
        bearer: str | None, *, headers: Mapping[str, str] | None = None, to: Handler = handler, **fields: Any
    ) -> Answer:
        body = {"modelId": "gpt-5.6-luna", "prompt": "What is artificial intelligence?"} | fields
        body = {name: value for name, value in body.items() if value is not ...}
        # What UTF-8 cannot carry becomes the escape that JSON has for it.
        encoded = json.dumps(body, ensure_ascii=False).encode(errors="backslashreplace")
        return call(to, "POST", "/chat/start", bearer=bearer, headers=headers, body=encoded)

    return start
