"""Checks whether an item's attributes are valid keys of the table's indexes.

A put fails for any index key of a wrong type, an empty one, or one that is too long. An update fails only for an index
key that it writes: an item older than the index may hold such a value, and its other attributes can be updated. The
index excludes such an item.
"""

from collections.abc import Collection, Iterable

from local_stack.dynamodb_server.errors import DynamoDBError, invalid
from local_stack.dynamodb_server.storage.index import Index
from local_stack.dynamodb_server.storage.key_schema import KeyProblem
from local_stack.dynamodb_server.values import Item, type_of

_KEY_TYPES = ("S", "N", "B")
_INVALID = "One or more parameter values were invalid: "
_NOT_VALID = "One or more parameter values are not valid. "


def check_put(indexes: Iterable[Index], item: Item) -> None:
    """Rejects index keys before the condition is evaluated.

    Raises:
        DynamoDBError: a value is empty, too long, or of a type that cannot be a key.
    """
    for index, name, problem in _problems(indexes, item):
        if problem is KeyProblem.EMPTY:
            raise _empty(index, name, "A value specified for a secondary index key is not supported.")
        if problem is KeyProblem.SIZE:
            raise invalid(f"{_INVALID}Size limit exceeded. IndexName: {index.name}, IndexKey: {name}")
        if type_of(item[name]) not in _KEY_TYPES:
            raise _mismatch(index, name, item)


def check_put_types(indexes: Iterable[Index], item: Item) -> None:
    """Rejects index keys of another type; in a transaction this is a cancellation reason.

    Raises:
        DynamoDBError: a value's type differs from the index key's.
    """
    for index, name, problem in _problems(indexes, item):
        if problem is KeyProblem.TYPE:
            raise _mismatch(index, name, item)


def check_update(indexes: Iterable[Index], new: Item, updated: Collection[str]) -> None:
    """Raises DynamoDBError for an invalid index key; `updated` are the attributes that the update writes."""
    attempted = "The update expression attempted to update"
    for index, name, problem in _problems(indexes, new):
        if problem is KeyProblem.EMPTY:
            # Like Amazon's DynamoDB Local, even for attributes that the update does not write.
            raise _empty(index, name, f"{attempted} a secondary index key to a value that is not supported.")
        if name in updated and problem is KeyProblem.TYPE:
            raise invalid(f"{_INVALID}{attempted} the secondary index key to unsupported type")
        if name in updated:
            raise invalid(f"{_INVALID}{attempted} the secondary index key beyond allowed size limits")


def _problems(indexes: Iterable[Index], item: Item) -> Iterable[tuple[Index, str, KeyProblem]]:
    for index in indexes:
        for name in index.schema.names:
            if name in item and (problem := index.schema.problem(name, item[name])) is not None:
                yield index, name, problem


def _mismatch(index: Index, name: str, item: Item) -> DynamoDBError:
    return invalid(
        f"{_INVALID}Type mismatch for Index Key {name} Expected: {index.schema.types[name]} "
        f"Actual: {type_of(item[name])} IndexName: {index.name}"
    )


def _empty(index: Index, name: str, reason: str) -> DynamoDBError:
    return invalid(
        f"{_NOT_VALID}{reason} The AttributeValue for a key attribute cannot contain an empty string value. "
        f"IndexName: {index.name}, IndexKey: {name}"
    )
