"""The stream function's application over a world of memory stores, and the tokens that open it."""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jwt
from starlette.types import ASGIApp, Message

from chat.auth import AuthSecret, StreamTokens, build_authenticator
from chat.clock import SystemClock
from chat.metrics import Metrics
from chat.sessions import Session
from chat_stream.app import create_app
from chat_stream.composition import StreamComposition
from fakes.functions.stream_world import REQUIRED, StreamWorld
from fakes.providers.scripted import Step

SECRET = REQUIRED["AUTH_SECRET"]


def token(**changes: Any) -> str:
    claims = {
        "sub": "alice",
        "iss": REQUIRED["JWT_ISSUER"],
        "aud": REQUIRED["JWT_AUDIENCE"],
        "exp": dt.datetime.now(dt.UTC) + dt.timedelta(hours=1),
    }
    return jwt.encode(claims | changes, changes.pop("key", SECRET), algorithm="HS256")


class Service:
    """The application over a world of memory stores; what it measures goes to `metrics`, or to the world's."""

    def __init__(self, *script: Step, metrics: Metrics | None = None, **world: Any) -> None:
        self.world = StreamWorld([*script], **world)
        self._metrics = metrics or self.world.metrics
        secret = AuthSecret.parse(SECRET)
        self.stream_tokens = StreamTokens(lambda: secret, SystemClock())
        self.app: ASGIApp = create_app(self._compose)
        self.closed = False

    def _compose(self) -> StreamComposition:
        secret = AuthSecret.parse(SECRET)
        return StreamComposition(
            authenticator=build_authenticator(self.world.settings, lambda: secret),
            stream_tokens=self.stream_tokens,
            streams=self.world.streams,
            settings=self.world.settings,
            metrics=self._metrics,
            close=self._close,
        )

    async def _close(self) -> None:
        self.closed = True

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        async with (
            running_lifespan(self.app),
            httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client,
        ):
            yield client

    def stream_token(self, session: Session, user_id: str = "alice") -> str:
        return self.stream_tokens.sign(session.session_id, user_id, time.time() + 600)


@asynccontextmanager
async def running_lifespan(app: ASGIApp) -> AsyncIterator[None]:
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()
    running = asyncio.ensure_future(app({"type": "lifespan", "state": {}}, to_app.get, from_app.put))
    to_app.put_nowait({"type": "lifespan.startup"})
    assert (await from_app.get())["type"] == "lifespan.startup.complete"
    yield
    to_app.put_nowait({"type": "lifespan.shutdown"})
    assert (await from_app.get())["type"] == "lifespan.shutdown.complete"
    await running


def bearer(value: str) -> dict[str, str]:
    return {"authorization": f"Bearer {value}"}
