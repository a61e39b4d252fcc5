"""The key attributes of a table or an index, and the values that DynamoDB accepts for them.

Sources: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (partition and sort keys), and
GSI.OnlineOps.ViolationDetection.html in the same guide (the items that an index excludes).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from local_stack.dynamodb_server.errors import invalid
from local_stack.dynamodb_server.values import Item, Scalar, Value, scalar, type_of

type Key = tuple[Scalar, ...]
"""A primary key: partition key, and sort key if the table has one."""

MAX_PARTITION_KEY_BYTES: Final = 2048
MAX_SORT_KEY_BYTES: Final = 1024


class KeyProblem(Enum):
    """Why a value cannot be a key."""

    TYPE = "type"
    EMPTY = "empty"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class KeySchema:
    """The attributes of a key. `types` maps all key attributes of the table to their types."""

    partition: str
    sort: str | None
    types: Mapping[str, str]

    @classmethod
    def from_request(cls, schema: Sequence[Mapping[str, str]], types: Mapping[str, str]) -> "KeySchema":
        by_type = {element["KeyType"]: element["AttributeName"] for element in schema}
        return cls(by_type["HASH"], by_type.get("RANGE"), types)

    @property
    def names(self) -> tuple[str, ...]:
        return (self.partition,) if self.sort is None else (self.partition, self.sort)

    def scalars(self, item: Item) -> tuple[Scalar, ...] | None:
        """The key's values; None if one is missing."""
        found = [scalar(item[name]) for name in self.names if name in item]
        known = tuple(value for value in found if value is not None)
        return known if len(known) == len(self.names) else None

    def fits(self, item: Item) -> bool:
        """True if the item has every key attribute with a valid key value."""
        return all(name in item and self.problem(name, item[name]) is None for name in self.names)

    def problem(self, name: str, value: Value) -> KeyProblem | None:
        """Why the value cannot be this key attribute; None if it can."""
        kind = type_of(value)
        if kind != self.types.get(name):
            return KeyProblem.TYPE
        if kind in {"S", "B"} and not value[kind]:
            return KeyProblem.EMPTY
        max_bytes = MAX_PARTITION_KEY_BYTES if name == self.partition else MAX_SORT_KEY_BYTES
        return KeyProblem.SIZE if _scalar_bytes(scalar(value)) > max_bytes else None


def check_key_sizes(key: Key) -> None:
    """Raises DynamoDBError for a primary key that is too long."""
    if _scalar_bytes(key[0]) > MAX_PARTITION_KEY_BYTES:
        raise invalid(
            "One or more parameter values were invalid: "
            f"Size of hashkey has exceeded the maximum size limit of {MAX_PARTITION_KEY_BYTES} bytes"
        )
    for value in key[1:]:
        check_sort_key_size(value)


def check_sort_key_size(value: Scalar) -> None:
    """Raises DynamoDBError for a sort key that is too long."""
    if _scalar_bytes(value) > MAX_SORT_KEY_BYTES:
        raise invalid(
            "One or more parameter values were invalid: "
            f"Aggregated size of all range keys has exceeded the size limit of {MAX_SORT_KEY_BYTES} bytes"
        )


def _scalar_bytes(value: Scalar | None) -> int:
    """The size that counts towards the limit; 0 for a number, which is always short enough."""
    match value:
        case str():
            return len(value.encode("utf-8", "surrogatepass"))
        case bytes():
            return len(value)
    return 0
