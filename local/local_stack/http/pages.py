"""The demo page's files."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from local_stack.http import problems
from local_stack.http.http1 import Exchange

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_HEADERS = {
    "cache-control": "no-store",
    # The page shows what models write: nothing but its own files may load or run, and no image may tell a stranger.
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Pages:
    """Serves a folder; its ``index.html`` stands for ``/``."""

    def __init__(self, folder: Path, *, changed: Callable[[bytes], bytes] = lambda page: page) -> None:
        """`changed` gives HTML as it is served."""
        self._folder = folder.resolve()
        self._changed = changed

    def find(self, path: str) -> Path | None:
        """The file for a request's path; None outside the folder, for other kinds of file and for hidden ones."""
        path = unquote(path)
        parts = [part for part in path.split("/") if part]
        if not path.isprintable() or any(part.startswith(".") for part in parts):
            return None
        file = self._folder.joinpath(*parts).resolve() if parts else self._folder / "index.html"
        inside = file.is_relative_to(self._folder)
        return file if inside and file.suffix in _TYPES and file.is_file() else None

    def has(self, path: str) -> bool:
        """Whether a request's path is a file here."""
        return self.find(path) is not None

    async def serve(self, exchange: Exchange, file: Path) -> None:
        if exchange.method not in {"GET", "HEAD"}:
            await problems.problem(exchange, 405, "method_not_allowed", "Files can only be read.")
            return
        content = await asyncio.to_thread(file.read_bytes)
        if file.suffix == ".html":
            content = self._changed(content)
        await exchange.respond(200, {**_HEADERS, "content-type": _TYPES[file.suffix]}, content)
