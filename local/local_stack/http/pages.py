"""Serves the demo page's files."""

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
    # The page renders model output: only its own files may load or run, and images must not leak data to other hosts.
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Pages:
    """Serves a folder, with its ``index.html`` at ``/``."""

    def __init__(self, folder: Path, *, changed: Callable[[bytes], bytes] = lambda page: page) -> None:
        """`changed` transforms HTML before it is served."""
        self._folder = folder.resolve()
        self._changed = changed

    def find(self, path: str) -> Path | None:
        """The file of a request path; None outside the folder, for unknown file types and for hidden files."""
        path = unquote(path)
        parts = [part for part in path.split("/") if part]
        if not path.isprintable() or any(part.startswith(".") for part in parts):
            return None
        file = self._folder.joinpath(*parts).resolve() if parts else self._folder / "index.html"
        inside = file.is_relative_to(self._folder)
        return file if inside and file.suffix in _TYPES and file.is_file() else None

    def has(self, path: str) -> bool:
        """True if a request path maps to a file."""
        return self.find(path) is not None

    async def serve(self, exchange: Exchange, file: Path) -> None:
        if exchange.method not in {"GET", "HEAD"}:
            await problems.problem(exchange, 405, "method_not_allowed", "Files can only be read.")
            return
        content = await asyncio.to_thread(file.read_bytes)
        if file.suffix == ".html":
            content = self._changed(content)
        await exchange.respond(200, {**_HEADERS, "content-type": _TYPES[file.suffix]}, content)
