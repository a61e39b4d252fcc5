"""Whether an item's attributes can be the keys of the table's indexes.

A put is refused for any index key of a wrong type, empty, or too long. An update is refused for one that it writes
itself: an item from before the index was added may hold such a value, and can be updated elsewhere. Either item is not
in the index.
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
    """What is refused before any condition is looked at.

    Raises:
        DynamoDBError: a value is empty, too long, or of a type that no key has.
    """
    for index, name, problem in _problems(indexes, item):
        if problem is KeyProblem.EMPTY:
            raise _empty(index, name, "A value specified for a secondary index key is not supported.")
        if problem is KeyProblem.SIZE:
            raise invalid(f"{_INVALID}Size limit exceeded. IndexName: {index.name}, IndexKey: {name}")
        if type_of(item[name]) not in _KEY_TYPES:
            raise _mismatch(index, name, item)


def check_put_types(indexes: Iterable[Index], item: Item) -> None:
    """What cancels a transaction.

    Raises:
        DynamoDBError: a value is of another type than the index's key.
    """
    for index, name, problem in _problems(indexes, item):
        if problem is KeyProblem.TYPE:
            raise _mismatch(index, name, item)


def check_update(indexes: Iterable[Index], new: Item, updated: Collection[str]) -> None:
    """Raises DynamoDBError for an update that cannot be stored; `updated` are the attributes that it writes to."""
    attempted = "The update expression attempted to update"
    for index, name, problem in _problems(indexes, new):
        if problem is KeyProblem.EMPTY:
            # As Amazon's DynamoDB Local, whether or not the update has to do with it.
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
