"""What becomes of the local DynamoDB's file when the disk refuses to write, or damages it."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from local_stack.dynamodb_server.operations import definitions, reads, writes
from local_stack.dynamodb_server.storage.database import Database
from local_stack.dynamodb_server.storage.journal import Journal, JournalError

TABLE = {"TableName": "Things"}
SCHEMA = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
}
COMPACT_BYTES = 2_000


class Opened:
    """A database in a file, and its warnings."""

    def __init__(self, file: Path) -> None:
        self.warnings: list[str] = []
        self.database = Database(Journal(file, self.warnings.append, compact_bytes=COMPACT_BYTES))

    def put(self, name: str, text: str = "") -> None:
        writes.put_item(self.database, {**TABLE, "Item": {"id": {"S": name}, "text": {"S": text}}})
        self.database.commit()

    @property
    def names(self) -> list[str]:
        return sorted(item["id"]["S"] for item in reads.scan(self.database, TABLE)["Items"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """With one item."""
    file = tmp_path / "dynamodb.journal"
    opened = Opened(file)
    definitions.create_table(opened.database, {**TABLE, **SCHEMA})
    opened.put("a")
    return file


def no_space(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def damage(file: Path, name: str) -> None:
    """Makes the line unreadable that has the item."""
    data = file.read_bytes()
    place = data.index(b'"S":"%s"' % name.encode())
    file.write_bytes(data[:place] + b"?" + data[place + 1 :])


@pytest.mark.parametrize("failure", ["disk full", "not permitted"])
def test_compaction_that_fails_leaves_the_file_and_the_database_working(
    file: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    opened = Opened(file)
    if failure == "disk full":
        monkeypatch.setattr("os.fsync", no_space)
    else:
        file.with_suffix(".new").mkdir()

    for i in range(30):
        opened.put(str(i % 3), text="x" * 300)

    assert len(opened.warnings) in {3, 4, 5}
    assert "cannot be compacted" in opened.warnings[0]
    assert file.stat().st_size > 30 * 300
    assert not file.with_suffix(".new").is_file()
    monkeypatch.undo()
    assert Opened(file).names == ["0", "1", "2", "a"]


def test_compaction_succeeds_once_there_is_space(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Opened(file)
    monkeypatch.setattr("os.fsync", no_space)
    for i in range(10):
        opened.put(str(i % 3), text="x" * 300)
    monkeypatch.undo()

    for i in range(10):
        opened.put(str(i % 3), text="x" * 300)

    assert len(opened.warnings) == 1
    assert file.stat().st_size < 3 * COMPACT_BYTES
    assert Opened(file).names == ["0", "1", "2", "a"]


def test_start_without_space_to_compact_keeps_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Opened(file).put("torn")
    file.write_bytes(file.read_bytes()[:-3])
    monkeypatch.setattr("os.fsync", no_space)

    opened = Opened(file)
    opened.put("b")

    assert len(opened.warnings) == 1
    assert "No space left on device" in opened.warnings[0]
    monkeypatch.undo()
    again = Opened(file)
    assert again.names == ["a", "b"]
    assert again.warnings == []


def test_first_start_without_room_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", no_space)

    with pytest.raises(JournalError, match="No space left on device"):
        Opened(tmp_path / "dynamodb.journal")

    assert list(tmp_path.iterdir()) == []


def test_every_damage_is_put_aside_under_a_name_of_its_own(file: Path) -> None:
    for name in ("first", "second", "third"):
        opened = Opened(file)
        opened.put(name)
        opened.put(f"{name}-behind")
        damage(file, name)

    assert Opened(file).names == ["a"]
    copies = [file.with_suffix(f".damaged{end}") for end in ("", "-2", "-3")]
    for copy, name in zip(copies, ("first", "second", "third"), strict=True):
        assert f'"{name}-behind"'.encode() in copy.read_bytes()


def test_damage_that_cannot_be_put_aside_stays_in_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Opened(file)
    opened.put("b")
    opened.put("c")
    damage(file, "b")
    before = file.read_bytes()
    monkeypatch.setattr("local_stack.dynamodb_server.storage.journal.next_damaged_copy", no_space)

    with pytest.raises(JournalError, match="cannot be saved: No space left on device"):
        Opened(file)

    assert file.read_bytes() == before
