"""Reloads the chat page in the browser when one of its files changes: a script polls the version every second.

It polls instead of holding a connection: a browser opens at most six to a host, and answers need them.
"""

import asyncio
import itertools
import time
from pathlib import Path

from watchfiles import awatch

from local_stack.http.http1 import Exchange, Handler

_VERSION, _SCRIPT = "/local/page-version", "/local/page-reload.js"
_NOT_KEPT = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_JAVASCRIPT = b"""let loaded;
async function look() {
  const response = document.hidden ? null : await fetch("/local/page-version").catch(() => null);
  if (response?.ok) {
    const served = await response.text();
    if (loaded !== undefined && served !== loaded) location.reload();
    loaded = served;
  }
  setTimeout(look, 1000);
}
look();
"""


class BrowserReload:
    """Serves the version of a folder's files, and the script that polls it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()
        self._started = time.time_ns()
        self._version = next(self._numbers)

    async def watch(self, watching: asyncio.Event) -> None:
        """Increments the version on each change. Sets `watching` once edits are detected."""
        async for found in awatch(self._folder, step=100, rust_timeout=500, yield_on_timeout=True):
            watching.set()
            if found:
                self._version = next(self._numbers)

    def handlers(self) -> dict[str, Handler]:
        """The handlers by exact path."""
        return {_VERSION: self._serve_version, _SCRIPT: self._serve_script}

    def with_script(self, page: bytes) -> bytes:
        """Adds the script to an HTML page."""
        return page.replace(b"</body>", b'<script type="module" src="%b"></script></body>' % _SCRIPT.encode())

    async def _serve_version(self, exchange: Exchange) -> None:
        version = f"{self._started}-{self._version}".encode()
        await exchange.respond(200, {**_NOT_KEPT, "content-type": "text/plain; charset=utf-8"}, version)

    async def _serve_script(self, exchange: Exchange) -> None:
        await exchange.respond(200, {**_NOT_KEPT, "content-type": "text/javascript; charset=utf-8"}, _JAVASCRIPT)
