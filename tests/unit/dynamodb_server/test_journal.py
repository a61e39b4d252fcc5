"""What the local stack's DynamoDB keeps over its end, however it ends."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from local_stack.dynamodb_server.storage.database import Database
from local_stack.dynamodb_server.storage.journal import MAGIC, Journal, JournalError
from local_stack.dynamodb_server.values import Item

DEFINITION: dict[str, Any] = {
    "TableName": "Things",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": "id", "AttributeType": "S"},
        {"AttributeName": "g", "AttributeType": "S"},
    ],
    "GlobalSecondaryIndexes": [{"IndexName": "ByG", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}]}],
    "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
}


class Kept:
    """A database in a file, closed and opened again as often as a test wants."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.warnings: list[str] = []

    def open(self, **settings: int) -> Database:
        self.journal = Journal(self.file, self.warnings.append, **settings)
        return Database(self.journal)

    def close(self) -> None:
        self.journal.close()


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "dynamodb.journal")


def put(database: Database, name: str, **attributes: str) -> None:
    table = database.table("Things")
    item: Item = {"id": {"S": name}, **{key: {"S": value} for key, value in attributes.items()}}
    database.write(table, table.key_of(item), table.as_stored(item))
    database.commit()


def delete(database: Database, name: str) -> None:
    table = database.table("Things")
    database.write(table, table.key_of({"id": {"S": name}}), None)
    database.commit()


def items(database: Database) -> list[Item]:
    return [stored.item for stored in database.table("Things").stored()]


def names(database: Database) -> list[str]:
    return [item["id"]["S"] for item in items(database)]


def filled(kept: Kept) -> Database:
    database = kept.open()
    database.define(DEFINITION)
    database.commit()
    for name in ("a", "b", "c"):
        put(database, name, g="x")
    return database


def test_everything_is_there_again(kept: Kept) -> None:
    database = filled(kept)
    put(database, "b", g="y")
    delete(database, "c")
    table = database.table("Things")

    # Not closed: as after SIGKILL.
    reopened = kept.open()
    again = reopened.table("Things")

    assert items(reopened) == items(database)
    assert (again.definition, again.bytes, len(again)) == (table.definition, table.bytes, 2)
    assert len(again.index("ByG").every_key()) == 2


def test_dropped_table_stays_dropped(kept: Kept) -> None:
    database = filled(kept)
    database.drop(database.table("Things"))
    database.commit()

    assert kept.open().tables == {}


@pytest.mark.parametrize("missing_bytes", [1, 5, 40])
def test_line_that_is_half_written_has_not_happened(kept: Kept, missing_bytes: int) -> None:
    filled(kept)
    data = kept.file.read_bytes()
    kept.file.write_bytes(data[:-missing_bytes])

    database = kept.open()

    assert names(database) == ["a", "b"]
    put(database, "d")
    assert names(kept.open()) == ["a", "b", "d"]
    assert kept.warnings == []


def test_file_cut_anywhere_has_a_state_that_was(kept: Kept) -> None:
    filled(kept)
    data = kept.file.read_bytes()
    states = []
    for end in [*range(0, len(data), 7), len(data)]:
        kept.file.write_bytes(data[:end])
        tables = kept.open().tables
        states.append(len(tables["Things"]) if tables else -1)
        kept.close()

    assert states == sorted(states)
    assert set(states) == {-1, 0, 1, 2, 3}
    assert kept.warnings == []


def test_damage_in_the_middle_is_reported_and_set_aside(kept: Kept) -> None:
    filled(kept)
    data = kept.file.read_bytes()
    place = data.rindex(b'"S":"b"')
    kept.file.write_bytes(data[:place] + b"?" + data[place + 1 :])

    assert names(kept.open()) == ["a"]

    assert len(kept.warnings) == 1
    assert "is damaged" in kept.warnings[0]
    assert b'"S":"c"' in kept.file.with_suffix(".damaged").read_bytes()


def test_other_programs_file_is_left_alone(kept: Kept) -> None:
    kept.file.write_bytes(b"SQLite format 3\0")

    with pytest.raises(JournalError, match="not a database of this version"):
        kept.open()

    assert kept.file.read_bytes() == b"SQLite format 3\0"


def test_file_is_compacted_before_it_outgrows_its_contents(kept: Kept) -> None:
    database = kept.open(compact_bytes=20_000)
    database.define(DEFINITION)
    database.commit()
    largest = 0
    for i in range(300):
        put(database, str(i % 3), text="x" * 300)
        largest = max(largest, kept.file.stat().st_size)

    assert largest < 21_000
    assert sorted(names(kept.open())) == ["0", "1", "2"]


def test_opening_writes_only_the_current_items(kept: Kept) -> None:
    database = filled(kept)
    for _ in range(100):
        put(database, "a", text="x" * 100)

    kept.open()

    assert kept.file.read_bytes().startswith(MAGIC)
    assert kept.file.stat().st_size < 2_000


def test_full_disk_is_reported_once_and_the_database_continues(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    database = filled(kept)

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.write", full)
    put(database, "d")
    put(database, "e")
    monkeypatch.undo()

    assert len(kept.warnings) == 1
    assert "No space left on device" in kept.warnings[0]
    assert names(database) == ["a", "b", "c", "d", "e"]
    assert names(kept.open()) == ["a", "b", "c"]


def test_expired_items_are_removed_permanently(kept: Kept) -> None:
    database = filled(kept)
    table = database.table("Things")
    for name, ttl in (("over", "1000"), ("later", "1001"), ("ancient", "1")):
        item: Item = {"id": {"S": name}, "ttl": {"N": ttl}}
        database.write(table, table.key_of(item), table.as_stored(item))
    database.commit()

    six_years = 6 * 365 * 24 * 3600
    database.remove_expired(now=1000.5)
    assert names(database) == ["a", "b", "c", "later"]
    database.remove_expired(now=1001 + six_years)

    assert names(kept.open()) == ["a", "b", "c", "later"]
