"""The ASGI lifespan protocol: one startup and one shutdown per process.

Source: asgi.readthedocs.io/en/latest/specs/lifespan.html.
"""

from __future__ import annotations

import asyncio

from lambda_asgi.errors import InitError, describe, log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_asgi.invocation import App, Message


class Lifespan:
    """Runs the application's lifespan in a separate task."""

    def __init__(self, app: App) -> None:
        loop = asyncio.get_running_loop()
        self._app = app
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._started: asyncio.Future[None] = loop.create_future()
        self._stopped: asyncio.Future[None] = loop.create_future()
        self._task: asyncio.Task[None] | None = None
        self.state: dict[str, Any] | None = {}
        """The ``scope["state"]`` that the application filled, copied to each request; None without lifespan support."""

    async def startup(self) -> None:
        """Waits until the application is ready, or turns out not to support the protocol.

        Raises:
            InitError: the application sent ``lifespan.startup.failed``.
        """
        self._inbox.put_nowait({"type": "lifespan.startup"})
        self._task = asyncio.get_running_loop().create_task(self._run())
        await self._started

    async def shutdown(self) -> None:
        """Runs the application's shutdown. A failure is only logged, because the process exits in any case."""
        self._inbox.put_nowait({"type": "lifespan.shutdown"})
        await self._stopped

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self._app(scope, self._inbox.get, self._send)
        except Exception as error:  # noqa: BLE001 - before startup it means "not supported", later it is logged
            if self._started.done():
                log("lifespan failed", **describe(error))
        if not self._started.done():
            self.state = None
            self._started.set_result(None)
        if not self._stopped.done():
            self._stopped.set_result(None)

    async def _send(self, message: Message) -> None:
        stage, _, outcome = message["type"].removeprefix("lifespan.").partition(".")
        waiter = {"startup": self._started, "shutdown": self._stopped}.get(stage)
        if waiter is None or waiter.done() or outcome not in {"complete", "failed"}:
            raise RuntimeError(f"unexpected message: {message['type']}")
        if outcome == "complete":
            waiter.set_result(None)
        elif stage == "startup":
            waiter.set_exception(InitError("Runtime.LifespanStartupFailed", message.get("message", "")))
        else:
            log("lifespan shutdown failed", errorMessage=message.get("message", ""))
            waiter.set_result(None)
