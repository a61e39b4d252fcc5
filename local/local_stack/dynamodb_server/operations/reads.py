"""GetItem, BatchGetItem, TransactGetItems, Query and Scan."""

from collections.abc import Iterable
from itertools import dropwhile
from typing import Any, Final

from local_stack.dynamodb_server.errors import invalid
from local_stack.dynamodb_server.expressions.keys import key_condition
from local_stack.dynamodb_server.expressions.projections import projected
from local_stack.dynamodb_server.expressions.request import Expressions
from local_stack.dynamodb_server.operations.messages import OperationRequest, OperationResponse
from local_stack.dynamodb_server.storage.database import Database
from local_stack.dynamodb_server.storage.index import Index
from local_stack.dynamodb_server.storage.key_schema import Key, check_key_sizes
from local_stack.dynamodb_server.storage.table import Table
from local_stack.dynamodb_server.values import Item, Scalar, normalised

MAX_PAGE_BYTES: Final = 1024 * 1024
MAX_BATCH_KEYS: Final = 100
MAX_BATCH_BYTES: Final = 16 * 1024 * 1024
MAX_TRANSACTION_GETS: Final = 100
MAX_TRANSACTION_BYTES: Final = 4 * 1024 * 1024


def get_item(database: Database, request: OperationRequest) -> OperationResponse:
    item = _found(database.table(request["TableName"]), request)
    return {} if item is None else {"Item": item}


def batch_get_item(database: Database, request: OperationRequest) -> OperationResponse:
    """Keys beyond 16 MB of items are returned as `UnprocessedKeys`."""
    wanted = request["RequestItems"]
    if not 1 <= sum(len(one["Keys"]) for one in wanted.values()) <= MAX_BATCH_KEYS:
        raise invalid("Too many items requested for the BatchGetItem call")
    responses: dict[str, list[Item]] = {name: [] for name in wanted}
    left: dict[str, Any] = {}
    size = 0
    for name, one in wanted.items():
        table, expressions = database.table(name), Expressions(one)
        keys = [_key(table, key) for key in one["Keys"]]
        if len(set(keys)) != len(keys):
            raise invalid("Provided list of item keys contains duplicates")
        for key, attributes in zip(keys, one["Keys"], strict=True):
            stored = table.get(key)
            size += 0 if stored is None else stored.bytes
            if size > MAX_BATCH_BYTES:
                left.setdefault(name, {**one, "Keys": []})["Keys"].append(attributes)
            elif stored is not None:
                responses[name].append(_shown(stored.item, expressions))
    return {"Responses": responses, "UnprocessedKeys": left}


def transact_get_items(database: Database, request: OperationRequest) -> OperationResponse:
    gets = [one["Get"] for one in request["TransactItems"]]
    if not 1 <= len(gets) <= MAX_TRANSACTION_GETS:
        raise invalid(f"A transaction has 1 to {MAX_TRANSACTION_GETS} items, not {len(gets)}")
    tables = [database.table(get["TableName"]) for get in gets]
    keys = [(table.name, _key(table, get["Key"])) for table, get in zip(tables, gets, strict=True)]
    if len(set(keys)) != len(keys):
        raise invalid("Transaction request cannot include multiple operations on one item")
    size = sum(0 if (found := database.tables[name].get(key)) is None else found.bytes for name, key in keys)
    if size > MAX_TRANSACTION_BYTES:
        raise invalid(f"Payload in response is too large. {size}")
    items = [_found(table, get) for table, get in zip(tables, gets, strict=True)]
    return {"Responses": [{} if item is None else {"Item": item} for item in items]}


def query(database: Database, request: OperationRequest) -> OperationResponse:
    table, index = _place(database, request)
    expressions = Expressions(request)
    if keys := expressions.filtered.intersection(index.schema.names):
        raise invalid(
            f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {min(keys)}"
        )
    partition, bounds = key_condition(expressions, index.schema)
    forward = request.get("ScanIndexForward", True)
    found = index.select(partition, bounds, _position(table, index, request, partition), forward=forward)
    return _page(table, index, found, expressions, request)


def scan(database: Database, request: OperationRequest) -> OperationResponse:
    table, index = _place(database, request)
    if request.get("TotalSegments", 1) != 1:
        raise invalid("Parallel scans are not supported here.")
    keys: Iterable[Key] = index.every_key()
    if (start := request.get("ExclusiveStartKey")) is not None:
        last = table.key_of(normalised(start))
        keys = dropwhile(lambda key: key <= last, keys)
    return _page(table, index, keys, Expressions(request), request)


def _key(table: Table, attributes: Item) -> Key:
    key = table.checked_key(normalised(attributes))
    check_key_sizes(key)
    return key


def _found(table: Table, request: OperationRequest) -> Item | None:
    expressions = Expressions(request)
    stored = table.get(_key(table, request["Key"]))
    return None if stored is None else _shown(stored.item, expressions)


def _shown(item: Item, expressions: Expressions) -> Item:
    wanted = expressions.projection
    return item if wanted is None else projected(item, wanted, expressions.bindings)


def _place(database: Database, request: OperationRequest) -> tuple[Table, Index]:
    table = database.table(request["TableName"])
    index = table.index(request.get("IndexName"))
    if request.get("ConsistentRead") and table.is_global(index):
        raise invalid("Consistent reads are not supported on global secondary indexes")
    return table, index


def _position(table: Table, index: Index, request: OperationRequest, partition: Scalar) -> tuple[Scalar, ...] | None:
    """The position where the last page ended; the item there may have been deleted since."""
    if (start := request.get("ExclusiveStartKey")) is None:
        return None
    attributes = normalised(start)
    place = index.place(table.key_of(attributes), attributes)
    if place is None or attributes.keys() != {*table.schema.names, *index.schema.names} or place[0] != partition:
        raise invalid("The provided starting key is invalid")
    return place[1]


def _page(
    table: Table, index: Index, keys: Iterable[Key], expressions: Expressions, request: OperationRequest
) -> OperationResponse:
    """One page: up to `Limit` items before filtering, or up to 1 MB."""
    limit = request.get("Limit")
    if limit is not None and limit < 1:
        raise invalid("Limit must be greater than or equal to 1")
    items: list[Item] = []
    scanned = size = 0
    last: Item | None = None
    for key in keys:
        stored = table.get(key)
        if stored is None:
            continue
        scanned += 1
        size += stored.bytes
        shown = index.shown(stored.item)
        if expressions.passes(shown):
            items.append(_shown(shown, expressions))
        if scanned == limit or size >= MAX_PAGE_BYTES:
            last = stored.item
            break
    response: OperationResponse = {"Count": len(items), "ScannedCount": scanned}
    if request.get("Select") != "COUNT":
        response["Items"] = items
    if last is not None:
        names = {*table.schema.names, *index.schema.names}
        response["LastEvaluatedKey"] = {name: value for name, value in last.items() if name in names}
    return response
