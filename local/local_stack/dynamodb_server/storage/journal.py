"""The file that a database's contents are kept in: what changed, line by line, in the order it changed.

A line is a checksum and the changes of one request as JSON. It is written before the request is answered, so a process
that is killed loses nothing (a machine that loses its power may lose a second). A line that is not whole, because the
machine or the disk gave up in the middle, ends the file: what stands before it is the state. Now and then the
file is compacted: what there is goes to a new file, which takes the old one's place in one step. Where that fails, the
old file stays as it is and goes on taking changes.
"""

import contextlib
import json
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

from local_stack.damaged import next_damaged_copy

type Change = dict[str, Any]

MAGIC: Final = b"chat-sse local database 1\n"
COMPACT_BYTES: Final = 16 * 1024 * 1024
"""A file smaller than this is never written anew while the server runs."""


class Snapshot(Protocol):
    """A database."""

    def snapshot(self) -> Iterator[Change]:
        """The changes that make it out of none."""


class JournalError(Exception):
    """A file that cannot be used; the message is one sentence."""


class Journal:
    """One file. `warn` is told in one sentence of what could not be read."""

    def __init__(self, path: Path, warn: Callable[[str], None], *, compact_bytes: int = COMPACT_BYTES) -> None:
        self._path = path
        self._warn = warn
        self._compact_bytes = compact_bytes
        self._descriptor = -1
        self._bytes = 0
        self._compact_at = 0

    def load(self) -> Iterator[Change]:
        """All changes up to the first line that is not whole; the rest is put aside.

        Raises:
            JournalError: it cannot be read, is another program's file, or is damaged and the rest cannot be put aside.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise JournalError(f"{self._path} cannot be read: {error.strerror}.") from None
        if not data.startswith(MAGIC) and not MAGIC.startswith(data):
            raise JournalError(f"{self._path} is not a database of this version.")
        end = len(MAGIC)
        while end < len(data):
            line_end = data.find(b"\n", end)
            changes = _decode(data[end:line_end]) if line_end >= 0 else None
            if changes is None:
                self._put_aside(data[end:])
                break
            yield from changes
            end = line_end + 1
        if data.startswith(MAGIC):
            self._bytes = end

    def begin(self, database: Snapshot) -> None:
        """Compacts the file, and takes changes from now on.

        Raises:
            JournalError: it cannot be written.
        """
        try:
            self._compact(database)
        except OSError as error:
            try:
                self._continue()
            except OSError:
                raise JournalError(f"{self._path} cannot be written: {_reason(error)}.") from None
            self._postpone_compaction(error)

    def append(self, changes: list[Change], database: Snapshot) -> None:
        """Keeps the changes of one request. Where that fails, because the disk is full, nothing more is kept."""
        if self._descriptor < 0:
            return
        line = _encode(changes)
        try:
            written = os.write(self._descriptor, line)
            self._bytes += written
        except OSError as error:
            self._give_up(_reason(error))
            return
        if written != len(line):
            self._give_up("the disk is full")
        elif self._bytes > self._compact_at:
            try:
                self._compact(database)
            except OSError as error:
                self._postpone_compaction(error)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _compact(self, database: Snapshot) -> None:
        new = self._path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(MAGIC)
                for change in database.snapshot():
                    file.write(_encode([change]))
                file.flush()
                os.fsync(descriptor)
                size = file.tell()
            new.replace(self._path)
        except BaseException:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                new.unlink()
            raise
        self.close()
        self._descriptor, self._bytes = descriptor, size
        self._compact_at = max(self._compact_bytes, 3 * self._bytes)

    def _continue(self) -> None:
        """Takes changes behind those that have been loaded, in the file as it is."""
        if not self._bytes:
            raise FileNotFoundError
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        # What stands behind them is a torn line, or has been put aside.
        os.ftruncate(self._descriptor, self._bytes)

    def _postpone_compaction(self, error: OSError) -> None:
        self._warn(f"{self._path} cannot be compacted: {_reason(error)}. It is kept as it is, and grows.")
        self._compact_at = self._bytes + self._compact_bytes

    def _give_up(self, reason: str) -> None:
        self._warn(f"{self._path} cannot be written: {reason}. What changes from now on is lost when the stack ends.")
        self.close()

    def _put_aside(self, rest: bytes) -> None:
        """A torn last line is what a lost machine leaves; more than that is a file that was damaged."""
        if b"\n" not in rest[:-1]:
            return
        try:
            aside = next_damaged_copy(self._path)
            _write_new(aside, rest)
        except OSError as error:
            raise JournalError(
                f"{self._path} is damaged, and what stands behind the damage cannot be put aside: {_reason(error)}."
            ) from None
        self._warn(f"{self._path} is damaged: what stands behind the damage is in {aside.name}, and not used.")


def _write_new(path: Path, data: bytes) -> None:
    """The whole of it, or no file."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _encode(changes: list[Change]) -> bytes:
    text = json.dumps(changes, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _decode(line: bytes) -> list[Change] | None:
    """None for a line that is not whole."""
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    changes: list[Change] = json.loads(text)
    return changes
