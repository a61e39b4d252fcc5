"""The end of a process, in the time that Lambda leaves it between SIGTERM and SIGKILL.

How long that is depends on the extensions that are registered, and AWS gives several figures. Its documentation
(docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, "Shutdown phase"): none without an extension, and
then there is no SIGTERM either; 500 ms with an internal one; with an external one 300 ms of the two seconds are the
runtime's (github.com/aws-samples/graceful-shutdown-with-aws-lambda). Its code
(`internal/lambda/rapid/shutdown.go` of github.com/aws/aws-lambda-runtime-interface-emulator, and
`internal/lambda-managed-instances/rapid/shutdown.go`): SIGKILL at once without an extension, else 600 ms after SIGTERM.
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
"""For invocations to end by themselves: what is cancelled then gets its trailers out before 300 ms."""
_CANCEL_SECONDS = 0.1
"""For cancelled applications to clean up and end."""
_ANSWER_SECONDS = 0.03
"""For the Runtime API to take the answers of those that did not."""
_STOP_SECONDS = 0.45
"""For everything, the shutdown of the application included: 50 ms less than the 500 that are documented."""


class Stop:
    """The stop of one process: announced once, and from then on its time runs."""

    def __init__(self) -> None:
        self.announced = asyncio.Event()
        """What applications see as ``scope["aws.lambda"]["stopping"]``."""
        self.code = 0

    def announce(self, code: int) -> None:
        """Tells every invocation; the process ends with ``code``, by itself or by force.

        The first announcement counts. No more events are asked for.
        """
        if self.announced.is_set():
            return
        self.code = code
        self.announced.set()
        # A thread, as an application may block the event loop, or the interpreter's end: by a task that ignores its
        # cancellation, by a thread that goes on.
        timer = threading.Timer(_STOP_SECONDS, _exit_now, (code,))
        timer.daemon = True
        timer.start()

    async def end(self, running: Mapping[asyncio.Task[None], Invocation]) -> None:
        """Lets invocations finish, cancels the late ones, and ends the answers of those that go on even then."""
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=_FINISH_SECONDS)
        for task in late:
            task.cancel()
        if not late:
            return
        _, stuck = await asyncio.wait(late, timeout=_CANCEL_SECONDS)
        if stuck:
            await asyncio.wait([running[task].abort() for task in stuck], timeout=_ANSWER_SECONDS)


def _exit_now(code: int) -> None:
    log("the application did not stop in time")
    os._exit(code)
