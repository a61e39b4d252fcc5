"""Servers that the stack starts, each in its own process."""

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from local_stack.processes.child import Child, describe_exit
from local_stack.processes.guardian import Guardian

START_SECONDS = 30.0
_ADDRESS = re.compile(r"\bhttp://[^\s/]+:\d+|\bredis://[^\s/]+:\d+")
_LAST_LINES = 20
_POLL_SECONDS = 0.02


class ServiceProcessError(Exception):
    """A server that failed to start; the message includes its last output lines."""


class ServiceProcess:
    """A running server."""

    def __init__(self, name: str, child: Child, address: str, watching: "asyncio.Task[None]") -> None:
        self.name = name
        self.address = address
        self._child = child
        self._watching = watching

    @property
    def ended(self) -> bool:
        """True once the process has exited."""
        return self._watching.done()

    async def stop(self) -> None:
        """Sends SIGTERM, and SIGKILL after one second."""
        self._child.terminate()
        done, _ = await asyncio.wait({self._watching}, timeout=1)
        if not done:
            self._child.kill()
            await asyncio.wait({self._watching})


async def start_service(
    name: str,
    command: Sequence[str],
    env: Mapping[str, str],
    guardian: Guardian,
    log: Callable[[str], None],
    *,
    descriptors: Sequence[int] = (),
) -> ServiceProcess:
    """Starts a server that prints its address (``http://host:port`` or ``redis://host:port``); returns when it listens.

    Output after the address goes to `log`; the server inherits `descriptors`.

    Raises:
        ServiceProcessError: the server exited or did not print an address in time.
    """
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    last: deque[str] = deque(maxlen=_LAST_LINES)

    def take(line: str) -> None:
        if address.done():
            log(line)
            return
        last.append(line)
        if match := _ADDRESS.search(line):
            address.set_result(match[0])

    try:
        child = await Child.start(command, env=env, cwd=None, guardian=guardian, descriptors=descriptors)
    except OSError as error:
        raise ServiceProcessError(f"{name} cannot be started: {error}") from None

    async def watch() -> None:
        code = await child.run(take)
        last.append(f"({describe_exit(code)})")

    watching = asyncio.create_task(watch())
    listening = asyncio.create_task(_listening(address))

    async def give_up() -> None:
        """Kills the process and waits for its tasks, so that none outlives the event loop."""
        listening.cancel()
        child.kill()
        await asyncio.wait({watching, listening})

    try:
        await asyncio.wait({watching, listening}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        await give_up()
        raise
    if watching.done() or not listening.done():
        await give_up()
        raise ServiceProcessError(f"{name} does not start: {' '.join(last)}")
    return ServiceProcess(name, child, listening.result(), watching)


async def _listening(address: asyncio.Future[str]) -> str:
    """Returns the address once it accepts connections."""
    parts = urlsplit(await address)
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.close()
            return address.result()
        await asyncio.sleep(_POLL_SECONDS)
