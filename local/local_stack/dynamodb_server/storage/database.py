"""All tables, and the only code that modifies them."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from local_stack.dynamodb_server.errors import no_table
from local_stack.dynamodb_server.storage.journal import Change, Journal
from local_stack.dynamodb_server.storage.key_schema import Key
from local_stack.dynamodb_server.storage.table import Stored, Table
from local_stack.dynamodb_server.values import Item


class Database:
    """Applies every change through `define`, `drop` and `write`; `commit` appends them to the journal."""

    def __init__(self, journal: Journal | None = None) -> None:
        """`journal` restores and persists the contents; None keeps them in memory only."""
        self.tables: dict[str, Table] = {}
        self._journal = journal
        self._changes: list[Change] = []
        if journal is not None:
            for change in journal.load():
                self._replay(change)
            journal.begin(self)

    def table(self, name: str) -> Table:
        """Looks up a table by name or ARN.

        Raises:
            DynamoDBError: no such table.
        """
        found = self.tables.get(name.rpartition("/")[2])
        if found is None:
            raise no_table(name)
        return found

    def define(self, definition: Mapping[str, Any]) -> Table:
        """Creates a table, or changes the indexes or TTL of an existing one."""
        name = definition["TableName"]
        if name in self.tables:
            self.tables[name].change(definition)
        else:
            self.tables[name] = Table(definition)
        self._changes.append({"define": self.tables[name].definition})
        return self.tables[name]

    def drop(self, table: Table) -> None:
        """Deletes a table and its items."""
        del self.tables[table.name]
        self._changes.append({"drop": table.name})

    def write(self, table: Table, key: Key, new: Stored | None) -> None:
        """Stores an item; None deletes it."""
        old = table.get(key)
        table.put(key, new)
        if new is not None:
            self._changes.append({"put": table.name, "item": new.item})
        elif old is not None:
            item = old.item
            self._changes.append({"delete": table.name, "key": {name: item[name] for name in table.schema.names}})

    def commit(self) -> None:
        """Persists the changes since the last commit atomically."""
        if self._journal is not None and self._changes:
            self._journal.append(self._changes, self)
        self._changes = []

    def remove_expired(self, now: float | None = None) -> None:
        """Deletes expired items, as DynamoDB does some time after their TTL."""
        for table in self.tables.values():
            for key in table.expired(time.time() if now is None else now):
                self.write(table, key, None)
        self.commit()

    def snapshot(self) -> Iterator[Change]:
        """The changes that rebuild this database from an empty one."""
        for table in self.tables.values():
            yield {"define": table.definition}
            yield from ({"put": table.name, "item": stored.item} for stored in table.stored())

    def _replay(self, change: Change) -> None:
        if "define" in change:
            self.define(change["define"])
        elif "drop" in change:
            self.tables.pop(change["drop"], None)
        else:
            self._replay_item(change)
        self._changes.clear()

    def _replay_item(self, change: Change) -> None:
        attributes: Item = change["item"] if "put" in change else change["key"]
        table = self.tables[change["put" if "put" in change else "delete"]]
        key = table.key_of(attributes)
        table.put(key, table.as_stored(attributes) if "put" in change else None)
