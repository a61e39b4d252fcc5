"""Stops the process within the time that Lambda allows between SIGTERM and SIGKILL.

That time depends on the registered extensions, and AWS's sources differ:

- The documentation (docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, "Shutdown phase"): 0 ms and
  no SIGTERM without an extension, 500 ms with an internal extension, 2 s with an external one. The runtime gets 300 ms
  of the 2 s (github.com/aws-samples/graceful-shutdown-with-aws-lambda).
- The code (`internal/lambda/rapid/shutdown.go` of github.com/aws/aws-lambda-runtime-interface-emulator, and
  `internal/lambda-managed-instances/rapid/shutdown.go`): SIGKILL immediately without an extension, otherwise 600 ms
  after SIGTERM.
"""

from __future__ import annotations

import asyncio
import os
import threading

from lambda_asgi.errors import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_asgi.invocation import Invocation


_FINISH_SECONDS = 0.25
"""Time for invocations to finish. Those cancelled afterwards still send their trailers within 300 ms."""
_CANCEL_SECONDS = 0.1
"""Time for cancelled applications to clean up and return."""
_ABORT_SECONDS = 0.03
"""Time for the Runtime API to accept the responses of applications that ignore cancellation."""
_STOP_SECONDS = 0.45
"""Time for the whole stop, including the application's shutdown: 50 ms less than the documented 500 ms."""


class Stop:
    """The stop of one process. Its time limit starts when it is announced."""

    def __init__(self) -> None:
        self.announced = asyncio.Event()
        """Applications see it as ``scope["aws.lambda"]["stopping"]``."""
        self.code = 0

    def announce(self, code: int) -> None:
        """Notifies every invocation and starts the time limit. The process exits with ``code``, by force if necessary.

        Only the first call has an effect. No further events are requested.
        """
        if self.announced.is_set():
            return
        self.code = code
        self.announced.set()
        # A thread, because the application may block the event loop, or delay the interpreter's exit with a task that
        # ignores cancellation or a thread that keeps running.
        timer = threading.Timer(_STOP_SECONDS, _exit_now, (code,))
        timer.daemon = True
        timer.start()

    async def end(self, running: Mapping[asyncio.Task[None], Invocation]) -> None:
        """Waits for invocations, cancels the remaining ones, and aborts those that ignore the cancellation."""
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=_FINISH_SECONDS)
        for task in late:
            task.cancel()
        if not late:
            return
        _, stuck = await asyncio.wait(late, timeout=_CANCEL_SECONDS)
        if stuck:
            await asyncio.wait([running[task].abort() for task in stuck], timeout=_ABORT_SECONDS)


def _exit_now(code: int) -> None:
    log("the application did not stop in time")
    os._exit(code)
