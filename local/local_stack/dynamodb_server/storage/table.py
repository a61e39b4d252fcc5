"""A table: its definition, its items, and its indexes."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from local_stack.dynamodb_server.errors import DynamoDBError, invalid
from local_stack.dynamodb_server.storage.index import Index, Key, KeySchema
from local_stack.dynamodb_server.values import MAX_ITEM_BYTES, Item, item_bytes, type_of

_INDEXES: Final = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
_TTL_REACH_SECONDS: Final = 5 * 365 * 24 * 3600
"""What expired so long ago is never removed: then its number is no time."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An item as JSON, in which it takes a tenth of the memory; its size, and when its time to live is over."""

    text: bytes
    bytes: int
    expires_at: float | None

    @property
    def item(self) -> Item:
        """A new object each time."""
        found: Item = json.loads(self.text)
        return found


class Table:
    """Holds items; what they must be is checked by `check`, which every write calls before."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        """`definition` is CreateTable's request; `TimeToLiveSpecification` may have been added to it."""
        self.definition: dict[str, Any] = {"Created": time.time(), **definition}
        self.name: str = definition["TableName"]
        self.schema = KeySchema.from_request(definition["KeySchema"])
        self.bytes = 0
        self._own = Index(None, self.schema, self.schema, {})
        self._items: dict[Key, Stored] = {}
        self._indexes: dict[str, Index] = {}
        self.types: dict[str, str] = {}
        """Of the attributes in keys, by name."""
        self._read_definition()

    def __len__(self) -> int:
        return len(self._items)

    def change(self, definition: Mapping[str, Any]) -> None:
        """Takes a new definition, with other indexes or another TTL."""
        self.definition = dict(definition)
        self._read_definition()
        for key, stored in self._items.items():
            item = stored.item
            self._items[key] = replace(stored, expires_at=self._expires_at(item))
            for index in self._indexes.values():
                index.add(key, item)

    def index(self, name: str | None) -> Index:
        """A secondary index; None is the table itself.

        Raises:
            DynamoDBError: there is none of that name.
        """
        if name is None:
            return self._own
        if name not in self._indexes:
            raise invalid(f"The table does not have the specified index: {name}")
        return self._indexes[name]

    def is_global(self, index: Index) -> bool:
        return any(index.name == one["IndexName"] for one in self.definition.get("GlobalSecondaryIndexes") or ())

    def key_of(self, attributes: Item) -> Key:
        """The primary key of an item, or of a key alone.

        Raises:
            DynamoDBError: it lacks an attribute, or has one of another type, or an empty one.
        """
        for name in self.schema.names:
            if name not in attributes:
                raise invalid(f"One or more parameter values were invalid: Missing the key {name} in the item")
            self._check_key(name, attributes, f"Key: {name}")
        key = self.schema.scalars(attributes)
        if key is None:
            raise invalid("The provided key element does not match the schema")
        return key

    def checked_key(self, attributes: Item) -> Key:
        """The primary key from a `Key` parameter, which has nothing else.

        Raises:
            DynamoDBError: it does not fit.
        """
        if attributes.keys() != set(self.schema.names):
            raise invalid("The provided key element does not match the schema")
        return self.key_of(attributes)

    def check(self, item: Item, *, too_large: str) -> Stored:
        """The item as it can be stored.

        Raises:
            DynamoDBError: a key of the table or of an index is not what it must be, or the item is too large.
        """
        self.key_of(item)
        for index in self._indexes.values():
            for name in index.schema.names:
                if name in item:
                    self._check_key(name, item, f"IndexName: {index.name}, IndexKey: {name}")
        size = item_bytes(item)
        if size > MAX_ITEM_BYTES:
            raise invalid(too_large)
        return Stored(json.dumps(item, separators=(",", ":")).encode(), size, self._expires_at(item))

    def get(self, key: Key) -> Stored | None:
        return self._items.get(key)

    def put(self, key: Key, new: Stored | None) -> None:
        """Stores the item in the place of what is there; None removes that."""
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
        """Everything, in no order."""
        return iter(self._items.values())

    def expired(self, now: float) -> list[Key]:
        """The items whose time to live is over."""
        times = ((key, stored.expires_at) for key, stored in self._items.items())
        return [key for key, at in times if at is not None and now - _TTL_REACH_SECONDS < at <= now]

    def _expires_at(self, item: Item) -> float | None:
        ttl = self.definition.get("TimeToLiveSpecification") or {}
        at = item.get(ttl["AttributeName"], {}).get("N") if ttl.get("Enabled") else None
        return None if at is None else float(at)

    def _read_definition(self) -> None:
        self.types = {one["AttributeName"]: one["AttributeType"] for one in self.definition["AttributeDefinitions"]}
        described = [one for kind in _INDEXES for one in self.definition.get(kind) or ()]
        self._indexes = {
            one["IndexName"]: Index(
                one["IndexName"], KeySchema.from_request(one["KeySchema"]), self.schema, one.get("Projection") or {}
            )
            for one in described
        }

    def _check_key(self, name: str, attributes: Item, what: str) -> None:
        value, expected = attributes[name], self.types.get(name)
        if type_of(value) != expected:
            raise _mismatch(name, what, expected, type_of(value))
        if expected in {"S", "B"} and not value[expected]:
            raise invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                f"empty string value. {what}"
            )


def _mismatch(name: str, what: str, expected: str | None, actual: str) -> DynamoDBError:
    place = f"key {name}" if what.startswith("Key") else f"Index Key {name}"
    return invalid(
        f"One or more parameter values were invalid: Type mismatch for {place} expected: {expected} actual: {actual}"
    )
