"""Watches the template and the functions' code for edits."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

_SETTLE_MS = 200
_MAX_SETTLE_MS = 2000
_TURN_MS = 500


class _Sources(DefaultFilter):
    """Ignores bytecode, caches and hidden folders."""

    def __call__(self, change: Change, path: str) -> bool:
        return super().__call__(change, path) and not path.endswith((".pyc", "~"))


async def changes(template: Path, folders: Iterable[Path], watching: asyncio.Event) -> AsyncIterator[str]:
    """Yields the names of edited files; edits in quick succession are combined.

    Sets `watching` once edits are detected.
    """
    async for found in awatch(
        template,
        *sorted(folders),
        watch_filter=_Sources(),
        step=_SETTLE_MS,
        debounce=_MAX_SETTLE_MS,
        rust_timeout=_TURN_MS,
        yield_on_timeout=True,
    ):
        watching.set()
        if names := sorted({Path(path).name for _, path in found}):
            yield names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
