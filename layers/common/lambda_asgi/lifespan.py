"""The ASGI lifespan protocol: one startup and one shutdown a process.

Source: asgi.readthedocs.io/en/latest/specs/lifespan.html.
"""

from __future__ import annotations

import asyncio

from lambda_asgi.errors import InitError, describe, log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_asgi.invocation import App, Message

__all__ = ["Lifespan"]


class Lifespan:
    """Runs the application's lifespan in a task of its own."""

    def __init__(self, app: App) -> None:
        loop = asyncio.get_running_loop()
        self._app = app
        self._started: asyncio.Future[None] = loop.create_future()
        self._stopped: asyncio.Future[None] = loop.create_future()
        self._stop = asyncio.Event()
        self._startup_received = False
        self._supported = True
        self._task: asyncio.Task[None] | None = None
        self._own_state: dict[str, Any] = {}

    @property
    def state(self) -> dict[str, Any] | None:
        """What the application put into ``scope["state"]``, for every request; None without lifespan."""
        return self._own_state if self._supported else None

    async def startup(self) -> None:
        """Returns when the application is ready, or when it turns out not to speak the protocol.

        Raises:
            InitError: the application says that it could not start.
        """
        self._task = asyncio.get_running_loop().create_task(self._run())
        await self._started

    async def shutdown(self) -> None:
        """Lets the application clean up; a failure is logged, for the process ends all the same."""
        self._stop.set()
        await self._stopped

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self._own_state,
        }
        try:
            await self._app(scope, self._receive, self._send)
        except Exception as error:  # noqa: BLE001 - before the start it means "not supported", later it is logged
            if self._started.done():
                log("lifespan failed", **describe(error))
        if not self._started.done():
            self._supported = False
            self._started.set_result(None)
        if not self._stopped.done():
            self._stopped.set_result(None)

    async def _receive(self) -> Message:
        if not self._startup_received:
            self._startup_received = True
            return {"type": "lifespan.startup"}
        await self._stop.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "lifespan.startup.complete" and not self._started.done():
            self._started.set_result(None)
        elif kind == "lifespan.startup.failed" and not self._started.done():
            self._started.set_exception(InitError("Runtime.LifespanStartupFailed", message.get("message", "")))
        elif kind in ("lifespan.shutdown.complete", "lifespan.shutdown.failed") and not self._stopped.done():
            if kind == "lifespan.shutdown.failed":
                log("lifespan shutdown failed", errorMessage=message.get("message", ""))
            self._stopped.set_result(None)
        else:
            raise RuntimeError(f"unexpected message: {kind}")
