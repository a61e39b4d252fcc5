"""Sorted primary keys: of the table itself and of its secondary indexes."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_stack.dynamodb_server.storage.key_schema import Key, KeySchema
from local_stack.dynamodb_server.values import Item, Scalar


class Index:
    """Primary keys grouped by partition, sorted by sort key."""

    def __init__(self, name: str | None, schema: KeySchema, table: KeySchema, projection: Mapping[str, Any]) -> None:
        """`name` is None for the table itself; `table` is the table's own schema, `projection` CloudFormation's."""
        self.name = name
        self.schema = schema
        self._key_length = len(table.names)
        self._partitions: dict[Scalar, list[tuple[Scalar, ...]]] = {}
        self._included: frozenset[str] | None = None
        if projection.get("ProjectionType", "ALL") != "ALL":
            self._included = frozenset((*table.names, *schema.names, *projection.get("NonKeyAttributes", ())))

    def add(self, key: Key, item: Item) -> None:
        """Adds the item, unless its attributes do not fit the index."""
        if (place := self.place(key, item)) is not None:
            insort(self._partitions.setdefault(place[0], []), place[1])

    def discard(self, key: Key, item: Item) -> None:
        """Removes the item."""
        if (place := self.place(key, item)) is None:
            return
        partition, position = place
        positions = self._partitions[partition]
        del positions[bisect_left(positions, position)]
        if not positions:
            del self._partitions[partition]

    def shown(self, item: Item) -> Item:
        """The attributes that the index projects."""
        if self._included is None:
            return item
        return {name: value for name, value in item.items() if name in self._included}

    def place(self, key: Key, item: Item) -> tuple[Scalar, tuple[Scalar, ...]] | None:
        """The item's partition and its sort position within the partition.

        None if the index excludes the item: a key attribute is missing or cannot be a key.
        """
        if self.name is not None and not self.schema.fits(item):
            return None
        scalars = self.schema.scalars(item)
        if scalars is None:
            return None
        # Within an index partition, equal sort keys are ordered by primary key.
        return scalars[0], (*scalars[1:], *key)

    def select(
        self, partition: Scalar, bounds: "Bounds", after: tuple[Scalar, ...] | None, *, forward: bool
    ) -> Iterator[Key]:
        """The keys of one partition that follow a position."""
        positions = self._partitions.get(partition, [])
        low, high = bounds.slice(positions)
        if after is not None and forward:
            low = max(low, bisect_right(positions, after))
        elif after is not None:
            high = min(high, bisect_left(positions, after))
        places = range(low, high) if forward else range(high - 1, low - 1, -1)
        return (positions[place][-self._key_length :] for place in places)

    def every_key(self) -> list[Key]:
        """All keys, in a stable order while the items do not change."""
        length = self._key_length
        return sorted(position[-length:] for positions in self._partitions.values() for position in positions)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A range of a partition, from a condition on the sort key."""

    comparator: str | None = None
    values: tuple[Scalar, ...] = ()

    def slice(self, positions: list[tuple[Scalar, ...]]) -> tuple[int, int]:
        """Start and end index; the end is exclusive."""
        if self.comparator is None:
            return 0, len(positions)
        first, last = self.values[0], self.values[-1]
        if self.comparator == "begins_with":
            length = len(first) if isinstance(first, str | bytes) else 0
            return _left(positions, first), bisect_right(positions, first, key=_start(length))
        low = {"<": 0, "<=": 0, ">": _right(positions, first)}.get(self.comparator, _left(positions, first))
        high = {"<": _left(positions, first), ">": len(positions), ">=": len(positions)}
        return low, high.get(self.comparator, _right(positions, last))


def _sort_key(position: tuple[Scalar, ...]) -> Any:
    return position[0]


def _left(positions: list[tuple[Scalar, ...]], value: Scalar) -> int:
    return bisect_left(positions, value, key=_sort_key)


def _right(positions: list[tuple[Scalar, ...]], value: Scalar) -> int:
    return bisect_right(positions, value, key=_sort_key)


def _start(length: int) -> Callable[[tuple[Scalar, ...]], Any]:
    def start(position: tuple[Scalar, ...]) -> Any:
        value = position[0]
        return value[:length] if isinstance(value, str | bytes) else value

    return start
