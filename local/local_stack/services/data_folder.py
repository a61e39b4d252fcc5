"""The folder that keeps what is in DynamoDB and Redis over restarts of the stack; one stack at a time has it."""

import asyncio
import contextlib
import fcntl
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from local_stack.damaged import damaged_copies, next_damaged_copy

WAIT_SECONDS = 5.0
"""For the servers of a stack that was killed: they hold the folder a moment longer than it does."""
MAX_REDIS_COPIES = 3
"""Of Redis data that was damaged."""
_POLL_SECONDS = 0.05


class DataFolderError(Exception):
    """A folder that cannot be used; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A folder that is locked. `lock` is a descriptor: who inherits it holds the lock as well, until all are gone."""

    path: Path
    lock: int
    used: bool
    """A stack has been here before."""

    @property
    def dynamodb(self) -> Path:
        """A file."""
        return self.path / "dynamodb.journal"

    @property
    def redis(self) -> Path:
        """A folder, which may not be there yet."""
        return self.path / "redis"

    @property
    def redis_log(self) -> Path:
        """The log of the last start, a file."""
        return self.path / "redis.log"

    def put_redis_aside(self) -> Path:
        """Moves what Redis cannot read out of its way; returns where it is now. The oldest copies are removed."""
        aside = next_damaged_copy(self.redis)
        self.redis.rename(aside)
        for old in damaged_copies(self.redis)[:-MAX_REDIS_COPIES]:
            shutil.rmtree(old, ignore_errors=True)
        return aside

    def clear(self) -> None:
        """Forgets everything, but only what a stack has written: the folder may be anything that DATA= names."""
        if not self.used:
            return
        for file in (self.dynamodb, self.dynamodb.with_suffix(".new"), *damaged_copies(self.dynamodb), self.redis_log):
            file.unlink(missing_ok=True)
        for folder in (self.redis, *damaged_copies(self.redis)):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def open_data_folder(path: Path, *, fresh: bool) -> AsyncIterator[DataFolder]:
    """The folder, made if it is not there; `fresh` begins with nothing in it.

    Raises:
        DataFolderError: another stack has it, or it cannot be written to.
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
        raise DataFolderError(f"{path} cannot keep the data: {error.strerror}. DATA= names another folder.") from None
    return DataFolder(path, lock, used)


async def _acquire(lock: int, path: Path) -> None:
    limit = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if asyncio.get_running_loop().time() >= limit:
            raise DataFolderError(
                f"another stack keeps its data in {path}. DATA= names another folder, and empty keeps nothing."
            )
        await asyncio.sleep(_POLL_SECONDS)
