"""All tables, and the one place where they change."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from local_stack.dynamodb_server.errors import no_table
from local_stack.dynamodb_server.storage.journal import Change, Journal
from local_stack.dynamodb_server.storage.key_schema import Key
from local_stack.dynamodb_server.storage.table import Stored, Table
from local_stack.dynamodb_server.values import Item


class Database:
    """Every change goes through `define`, `drop` and `write`, and to the journal when the request is over."""

    def __init__(self, journal: Journal | None = None) -> None:
        """`journal` holds what there was; None: everything is in memory alone."""
        self.tables: dict[str, Table] = {}
        self._journal = journal
        self._changes: list[Change] = []
        if journal is not None:
            for change in journal.load():
                self._replay(change)
            journal.begin(self)

    def table(self, name: str) -> Table:
        """A table by its name or its ARN.

        Raises:
            DynamoDBError: there is none.
        """
        found = self.tables.get(name.rpartition("/")[2])
        if found is None:
            raise no_table(name)
        return found

    def define(self, definition: Mapping[str, Any]) -> Table:
        """Makes a table, or gives one other indexes or another TTL."""
        name = definition["TableName"]
        if name in self.tables:
            self.tables[name].change(definition)
        else:
            self.tables[name] = Table(definition)
        self._changes.append({"define": self.tables[name].definition})
        return self.tables[name]

    def drop(self, table: Table) -> None:
        """Removes a table with all that is in it."""
        del self.tables[table.name]
        self._changes.append({"drop": table.name})

    def write(self, table: Table, key: Key, new: Stored | None) -> None:
        """Puts an item, or removes one."""
        old = table.get(key)
        table.put(key, new)
        if new is not None:
            self._changes.append({"put": table.name, "item": new.item})
        elif old is not None:
            item = old.item
            self._changes.append({"delete": table.name, "key": {name: item[name] for name in table.schema.names}})

    def commit(self) -> None:
        """What has changed since the last time is kept, or nothing of it."""
        if self._journal is not None and self._changes:
            self._journal.append(self._changes, self)
        self._changes = []

    def remove_expired(self, now: float | None = None) -> None:
        """Removes the items whose time to live is over, as DynamoDB does some time after."""
        for table in self.tables.values():
            for key in table.expired(time.time() if now is None else now):
                self.write(table, key, None)
        self.commit()

    def snapshot(self) -> Iterator[Change]:
        """The changes that make this database out of none."""
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
