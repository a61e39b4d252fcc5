"""PutItem, UpdateItem, DeleteItem and BatchWriteItem."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from local_stack.dynamodb_server.errors import condition_failed, invalid
from local_stack.dynamodb_server.expressions.projections import projected
from local_stack.dynamodb_server.expressions.request import CONDITION, Expressions
from local_stack.dynamodb_server.operations.messages import OperationRequest, OperationResponse
from local_stack.dynamodb_server.storage.database import Database
from local_stack.dynamodb_server.storage.key_schema import Key, check_key_sizes
from local_stack.dynamodb_server.storage.table import Stored, Table
from local_stack.dynamodb_server.values import MAX_ITEM_BYTES, Item, normalised

MAX_BATCH_WRITES: Final = 25
_TOO_LARGE: Final = "Item size has exceeded the maximum allowed size"
_UPDATE_TOO_LARGE: Final = "Item size to update has exceeded the maximum allowed size"


@dataclass(frozen=True, slots=True)
class Write:
    """A parsed write: table, key, condition, and the function that computes the new item."""

    table: Table
    key: Key
    expressions: Expressions
    returns_old_on_failure: bool
    become: Callable[[Item | None], Stored | None]
    """The item after the write; None deletes it. Raises DynamoDBError for an item that cannot be stored."""

    @property
    def old(self) -> Item | None:
        stored = self.table.get(self.key)
        return None if stored is None else stored.item


def prepare_put(database: Database, request: OperationRequest) -> Write:
    """Raises DynamoDBError for an invalid request."""
    table = database.table(request["TableName"])
    item = normalised(request["Item"])
    key = table.key_of(item)
    table.check_put(item)
    new = _stored(table, item, _TOO_LARGE)

    def become(_: Item | None) -> Stored:
        table.check_put_types(item)
        return new

    return _write(table, key, request, become)


def prepare_delete(database: Database, request: OperationRequest) -> Write:
    """Raises DynamoDBError for an invalid request."""
    table = database.table(request["TableName"])
    return _write(table, table.checked_key(normalised(request["Key"])), request, lambda _: None)


def prepare_update(database: Database, request: OperationRequest) -> Write:
    """Raises DynamoDBError for an invalid request."""
    table = database.table(request["TableName"])
    attributes = normalised(request["Key"])
    key, expressions = table.checked_key(attributes), Expressions(request)
    update = expressions.update
    updated = [] if update is None else [str(path[0]) for path in update.targets(expressions.bindings)]
    for name in updated:
        if name in table.schema.names:
            raise invalid(
                f"One or more parameter values were invalid: Cannot update attribute {name}. "
                "This attribute is part of the key"
            )

    def become(old: Item | None) -> Stored:
        item = attributes if old is None else old
        new = item if update is None else update.apply(item, expressions.bindings)
        table.check_update(new, updated)
        return _stored(table, new, _UPDATE_TOO_LARGE)

    return _write(table, key, request, become, expressions)


def prepare_check(database: Database, request: OperationRequest) -> Write:
    """A ConditionCheck: its new item is the stored object itself. Raises DynamoDBError for an invalid request."""
    table = database.table(request["TableName"])
    key = table.checked_key(normalised(request["Key"]))
    if not request.get(CONDITION):
        raise invalid(f"A ConditionCheck must have a {CONDITION}")
    return _write(table, key, request, lambda _: table.get(key))


def put_item(database: Database, request: OperationRequest) -> OperationResponse:
    return _run(database, prepare_put(database, request), request)


def delete_item(database: Database, request: OperationRequest) -> OperationResponse:
    return _run(database, prepare_delete(database, request), request)


def update_item(database: Database, request: OperationRequest) -> OperationResponse:
    return _run(database, prepare_update(database, request), request)


def batch_write_item(database: Database, request: OperationRequest) -> OperationResponse:
    writes: list[Write] = []
    for name, requests in request["RequestItems"].items():
        for one in requests:
            ((kind, operation),) = one.items()
            prepare = {"PutRequest": prepare_put, "DeleteRequest": prepare_delete}[kind]
            writes.append(prepare(database, {"TableName": name, **operation}))
    if not 1 <= len(writes) <= MAX_BATCH_WRITES:
        raise invalid("Too many items requested for the BatchWriteItem call")
    if len({(write.table.name, write.key) for write in writes}) != len(writes):
        raise invalid("Provided list of item keys contains duplicates")
    for write, new in [(write, write.become(write.old)) for write in writes]:
        database.write(write.table, write.key, new)
    return {"UnprocessedItems": {}}


def _write(
    table: Table,
    key: Key,
    request: OperationRequest,
    become: Callable[[Item | None], Stored | None],
    expressions: Expressions | None = None,
) -> Write:
    returns_old = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"

    def become_checked(old: Item | None) -> Stored | None:
        # Checked here, not when the request is parsed: in a transaction, an oversized key is a cancellation reason.
        check_key_sizes(key)
        return become(old)

    return Write(table, key, expressions or Expressions(request), returns_old, become_checked)


def _stored(table: Table, item: Item, too_large: str) -> Stored:
    stored = table.as_stored(item)
    if stored.bytes > MAX_ITEM_BYTES:
        raise invalid(too_large)
    return stored


def _run(database: Database, write: Write, request: OperationRequest) -> OperationResponse:
    old = write.old
    if not write.expressions.met(old):
        raise condition_failed(old if write.returns_old_on_failure else None)
    new = write.become(old)
    database.write(write.table, write.key, new)
    shown = _returned(request.get("ReturnValues", "NONE"), write, old, None if new is None else new.item)
    return {"Attributes": shown} if shown else {}


def _returned(wanted: str, write: Write, old: Item | None, new: Item | None) -> Item:
    item = {"ALL_OLD": old, "UPDATED_OLD": old, "ALL_NEW": new, "UPDATED_NEW": new}.get(wanted) or {}
    update = write.expressions.update
    if wanted.startswith("UPDATED") and update is not None:
        return projected(item, [path[:1] for path in update.targets(write.expressions.bindings)])
    return item
