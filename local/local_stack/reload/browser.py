"""Reloads the chat page in the browser when one of its files changes: a script polls the version every second.

It polls instead of holding a connection: a browser opens at most six to a host, and answers need them. The version is a
hash of the files, so a restart of the stack does not reload the page: a reload loses an unsent draft.
"""

import asyncio
import contextlib
import hashlib
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

from local_stack.http.http1 import Exchange, Handler

_VERSION, _SCRIPT = "/local/page-version", "/local/page-reload.js"
_WATCHED = DefaultFilter()
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
        self._version = ""

    async def watch(self, watching: asyncio.Event) -> None:
        """Computes the version, again after each change. Sets `watching` once edits are detected."""
        async for found in awatch(
            self._folder, watch_filter=_WATCHED, step=100, rust_timeout=500, yield_on_timeout=True
        ):
            if found or not watching.is_set():
                self._version = await asyncio.to_thread(_version_of, self._folder)
                watching.set()

    def handlers(self) -> dict[str, Handler]:
        """The handlers by exact path."""
        return {_VERSION: self._serve_version, _SCRIPT: self._serve_script}

    def with_script(self, page: bytes) -> bytes:
        """Adds the script to an HTML page."""
        return page.replace(b"</body>", b'<script type="module" src="%b"></script></body>' % _SCRIPT.encode())

    async def _serve_version(self, exchange: Exchange) -> None:
        headers = {**_NOT_KEPT, "content-type": "text/plain; charset=utf-8"}
        await exchange.respond(200, headers, self._version.encode())

    async def _serve_script(self, exchange: Exchange) -> None:
        await exchange.respond(200, {**_NOT_KEPT, "content-type": "text/javascript; charset=utf-8"}, _JAVASCRIPT)


def _version_of(folder: Path) -> str:
    """A hash of the names and contents of the watched files."""
    version = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if _WATCHED(Change.modified, str(file)) and file.is_file():
            with contextlib.suppress(OSError):  # it is being replaced, which is another change
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                version.update(f"{file.relative_to(folder)}\0{content}\0".encode(errors="surrogateescape"))
    return version.hexdigest()
