"""A table: definition, items and indexes."""

import json
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from local_stack.dynamodb_server.errors import invalid
from local_stack.dynamodb_server.storage import index_keys
from local_stack.dynamodb_server.storage.index import Index
from local_stack.dynamodb_server.storage.key_schema import Key, KeyProblem, KeySchema
from local_stack.dynamodb_server.values import Item, Value, item_bytes, type_of

_INDEXES: Final = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
_TTL_REACH_SECONDS: Final = 5 * 365 * 24 * 3600
"""DynamoDB ignores TTLs further in the past: such a number is probably not a timestamp."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An item as JSON text (a tenth of the memory of its objects), its size, and its TTL in epoch seconds."""

    text: bytes
    bytes: int
    expires_at: float | None

    @property
    def item(self) -> Item:
        """The parsed item, a new object on each access."""
        found: Item = json.loads(self.text)
        return found


class Table:
    """Holds items. `put` does not validate: requests call `check_put` and others first, the journal does not."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        """`definition` is a CreateTable request, optionally with `TimeToLiveSpecification`."""
        self.definition: dict[str, Any] = {"Created": time.time(), **definition}
        self.name: str = definition["TableName"]
        self.schema = KeySchema.from_request(definition["KeySchema"], _types(definition))
        self.bytes = 0
        self._own = Index(None, self.schema, self.schema, {})
        self._items: dict[Key, Stored] = {}
        self._indexes: dict[str, Index] = {}
        self._read_definition()

    def __len__(self) -> int:
        return len(self._items)

    def change(self, definition: Mapping[str, Any]) -> None:
        """Applies a new definition with other indexes or another TTL."""
        self.definition = dict(definition)
        self._read_definition()
        for key, stored in self._items.items():
            item = stored.item
            self._items[key] = replace(stored, expires_at=self._expires_at(item))
            for index in self._indexes.values():
                index.add(key, item)

    def index(self, name: str | None) -> Index:
        """A secondary index by name; None returns the table's own index.

        Raises:
            DynamoDBError: no index has that name.
        """
        if name is None:
            return self._own
        if name not in self._indexes:
            raise invalid(f"The table does not have the specified index: {name}")
        return self._indexes[name]

    def is_global(self, index: Index) -> bool:
        return any(index.name == one["IndexName"] for one in self.definition.get("GlobalSecondaryIndexes") or ())

    def key_of(self, attributes: Item) -> Key:
        """The primary key of an item or of a `Key` parameter. Does not check sizes: see `check_key_sizes`.

        Raises:
            DynamoDBError: a key attribute is missing, empty, or of another type.
        """
        for name in self.schema.names:
            if name not in attributes:
                raise invalid(f"One or more parameter values were invalid: Missing the key {name} in the item")
            self._check_key(name, attributes[name])
        key = self.schema.scalars(attributes)
        if key is None:
            raise invalid("The provided key element does not match the schema")
        return key

    def checked_key(self, attributes: Item) -> Key:
        """The primary key from a `Key` parameter, which must have the key attributes only.

        Raises:
            DynamoDBError: the attributes do not match the key schema.
        """
        if attributes.keys() != set(self.schema.names):
            raise invalid("The provided key element does not match the schema")
        return self.key_of(attributes)

    def as_stored(self, item: Item) -> Stored:
        """Converts the item to its stored form without validation."""
        text = json.dumps(item, separators=(",", ":")).encode()
        return Stored(text, item_bytes(item), self._expires_at(item))

    def check_put(self, item: Item) -> None:
        """Raises DynamoDBError for an invalid index key; called before conditions are evaluated."""
        index_keys.check_put(self._indexes.values(), item)

    def check_put_types(self, item: Item) -> None:
        """Raises DynamoDBError for an index key of another type; called after the condition passed."""
        index_keys.check_put_types(self._indexes.values(), item)

    def check_update(self, new: Item, updated: Collection[str]) -> None:
        """Raises DynamoDBError for an invalid index key; `updated` are the attributes that the update writes."""
        index_keys.check_update(self._indexes.values(), new, updated)

    def get(self, key: Key) -> Stored | None:
        return self._items.get(key)

    def put(self, key: Key, new: Stored | None) -> None:
        """Stores or replaces the item; None deletes it."""
        old = self._items.pop(key, None)
        if old is not None:
            self.bytes -= old.bytes
            item = old.item
            for index in (self._own, *self._indexes.values()):
                index.discard(key, item)
        if new is not None:
            self._items[key] = new
            self.bytes += new.bytes
            item = new.item
            for index in (self._own, *self._indexes.values()):
                index.add(key, item)

    def stored(self) -> Iterator[Stored]:
        """All items, in no particular order."""
        return iter(self._items.values())

    def expired(self, now: float) -> list[Key]:
        """The keys of the expired items."""
        times = ((key, stored.expires_at) for key, stored in self._items.items())
        return [key for key, at in times if at is not None and now - _TTL_REACH_SECONDS < at <= now]

    def _expires_at(self, item: Item) -> float | None:
        ttl = self.definition.get("TimeToLiveSpecification") or {}
        at = item.get(ttl["AttributeName"], {}).get("N") if ttl.get("Enabled") else None
        return None if at is None else float(at)

    def _read_definition(self) -> None:
        types = _types(self.definition)
        described = [one for kind in _INDEXES for one in self.definition.get(kind) or ()]
        self._indexes = {
            one["IndexName"]: Index(
                one["IndexName"],
                KeySchema.from_request(one["KeySchema"], types),
                self.schema,
                one.get("Projection") or {},
            )
            for one in described
        }

    def _check_key(self, name: str, value: Value) -> None:
        problem = self.schema.problem(name, value)
        if problem is KeyProblem.TYPE:
            raise invalid(
                f"One or more parameter values were invalid: Type mismatch for key {name} "
                f"expected: {self.schema.types.get(name)} actual: {type_of(value)}"
            )
        if problem is KeyProblem.EMPTY:
            kind = "string" if type_of(value) == "S" else "binary"
            raise invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                f"empty {kind} value. Key: {name}"
            )


def _types(definition: Mapping[str, Any]) -> dict[str, str]:
    """The types of the key attributes, by name."""
    return {one["AttributeName"]: one["AttributeType"] for one in definition["AttributeDefinitions"]}
