"""An append-only journal that persists a database: one line for each request that changed it.

A line is a checksum and the changes of one request as JSON. It is written before the response, so a killed process
loses nothing (a power failure may lose the last second). Loading stops at the first incomplete line, which a crash or a
full disk leaves; the lines before it are the state. The file is compacted from time to time: a snapshot is written to a
new file, which replaces the old one atomically. If compaction fails, the old file stays in use.
"""

import contextlib
import json
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

from local_stack.damaged_copies import next_damaged_copy

type Change = dict[str, Any]

MAGIC: Final = b"chat-sse local database 1\n"
COMPACT_BYTES: Final = 16 * 1024 * 1024
"""A smaller file is never compacted while the server runs."""


class Snapshot(Protocol):
    """A database."""

    def snapshot(self) -> Iterator[Change]:
        """The changes that rebuild it from an empty database."""


class JournalError(Exception):
    """The file cannot be used; the message is one sentence."""


class Journal:
    """One journal file. `warn` receives one sentence about each problem with reading or writing it."""

    def __init__(self, path: Path, warn: Callable[[str], None], *, compact_bytes: int = COMPACT_BYTES) -> None:
        self._path = path
        self._warn = warn
        self._compact_bytes = compact_bytes
        self._descriptor = -1
        self._bytes = 0
        self._compact_at = 0

    def load(self) -> Iterator[Change]:
        """All changes up to the first incomplete line; a damaged remainder is moved to another file.

        Raises:
            JournalError: the file is unreadable, of another format, or damaged and the remainder cannot be saved.
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
        """Compacts the file and opens it for appending.

        Raises:
            JournalError: the file cannot be written.
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
        """Appends the changes of one request. A failed write, such as on a full disk, ends persistence."""
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
        """Opens the existing file to append after the loaded changes."""
        if not self._bytes:
            raise FileNotFoundError
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        # The bytes after them are a torn line, or have been saved to another file.
        os.ftruncate(self._descriptor, self._bytes)

    def _postpone_compaction(self, error: OSError) -> None:
        self._warn(f"{self._path} cannot be compacted: {_reason(error)}. It stays in use and grows.")
        self._compact_at = self._bytes + self._compact_bytes

    def _give_up(self, reason: str) -> None:
        self._warn(f"{self._path} cannot be written: {reason}. Changes from now on are lost when the stack ends.")
        self.close()

    def _put_aside(self, rest: bytes) -> None:
        """Saves the unreadable remainder. A single torn last line is what a crash leaves, and is dropped."""
        if b"\n" not in rest[:-1]:
            return
        try:
            aside = next_damaged_copy(self._path)
            _write_new(aside, rest)
        except OSError as error:
            raise JournalError(
                f"{self._path} is damaged, and its unreadable part cannot be saved: {_reason(error)}."
            ) from None
        self._warn(f"{self._path} is damaged: its unreadable part was moved to {aside.name} and is ignored.")


def _write_new(path: Path, data: bytes) -> None:
    """Writes a new file completely or not at all."""
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
    """None for an incomplete line."""
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    changes: list[Change] = json.loads(text)
    return changes
