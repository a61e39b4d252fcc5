"""The folder that persists DynamoDB and Redis data across restarts; a lock allows one stack at a time."""

import asyncio
import contextlib
import fcntl
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from local_stack.damaged_copies import damaged_copies, next_damaged_copy

WAIT_SECONDS = 5.0
"""Lock timeout: the servers of a killed stack hold the lock until they have exited too."""
MAX_REDIS_COPIES = 3
"""Limit of kept copies of damaged Redis data."""
_POLL_SECONDS = 0.05


class DataFolderError(Exception):
    """The folder cannot be used. The message is shown to the user and says what to do."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A locked folder. `lock` is a descriptor; processes that inherit it share the lock until all have exited."""

    path: Path
    lock: int
    used: bool
    """A stack has used the folder before."""

    @property
    def dynamodb(self) -> Path:
        """The journal file."""
        return self.path / "dynamodb.journal"

    @property
    def redis(self) -> Path:
        """Redis's folder, which may not exist yet."""
        return self.path / "redis"

    @property
    def redis_log(self) -> Path:
        """The log file of the last start."""
        return self.path / "redis.log"

    def put_redis_aside(self) -> Path:
        """Renames unreadable Redis data and returns the new path. Keeps the newest `MAX_REDIS_COPIES` copies."""
        aside = next_damaged_copy(self.redis)
        self.redis.rename(aside)
        for old in damaged_copies(self.redis)[:-MAX_REDIS_COPIES]:
            shutil.rmtree(old, ignore_errors=True)
        return aside

    def clear(self) -> None:
        """Deletes the stack's own files only, and only if a stack has used the folder: DATA= may name any folder."""
        if not self.used:
            return
        for file in (self.dynamodb, self.dynamodb.with_suffix(".new"), *damaged_copies(self.dynamodb), self.redis_log):
            file.unlink(missing_ok=True)
        for folder in (self.redis, *damaged_copies(self.redis)):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def open_data_folder(path: Path, *, fresh: bool) -> AsyncIterator[DataFolder]:
    """Creates the folder if necessary and locks it; `fresh` deletes its data first.

    Raises:
        DataFolderError: another stack holds the lock, or the folder is not writable.
    """
    folder = _opened(path)
    try:
        await _acquire(folder.lock, path)
        if fresh:
            folder.clear()
        yield folder
    finally:
        os.close(folder.lock)


def _opened(path: Path) -> DataFolder:
    file = path / "chat-sse.lock"
    try:
        path.mkdir(parents=True, exist_ok=True)
        used = file.exists()
        lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataFolderError(
            f"the data folder {path} cannot be used: {error.strerror}. Set DATA= to another folder."
        ) from None
    return DataFolder(path, lock, used)


async def _acquire(lock: int, path: Path) -> None:
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if asyncio.get_running_loop().time() >= deadline:
            raise DataFolderError(
                f"another stack keeps its data in {path}. Set DATA= to another folder, or to nothing for memory only."
            )
        await asyncio.sleep(_POLL_SECONDS)
