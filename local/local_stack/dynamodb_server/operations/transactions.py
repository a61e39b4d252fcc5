"""TransactWriteItems: applies all writes or none.

Source: docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from local_stack.dynamodb_server.errors import DynamoDBError, invalid
from local_stack.dynamodb_server.expressions.request import CONDITION, UPDATE
from local_stack.dynamodb_server.operations.writes import (
    Write,
    prepare_check,
    prepare_delete,
    prepare_put,
    prepare_update,
)
from local_stack.dynamodb_server.storage.database import Database
from local_stack.dynamodb_server.storage.table import Stored
from local_stack.dynamodb_server.values import item_bytes, value_bytes

MAX_ITEMS: Final = 100
MAX_BYTES: Final = 4 * 1024 * 1024
"""Sum of all items or keys, expressions and expression values, as Amazon's DynamoDB Local counts them."""
TOKEN_SECONDS: Final = 600
"""How long a `ClientRequestToken` makes a repeated transaction idempotent."""

_NO_REASON: Final[dict[str, Any]] = {"Code": "None"}
_PREPARE: Final[dict[str, Callable[[Database, Mapping[str, Any]], Write]]] = {
    "ConditionCheck": prepare_check,
    "Delete": prepare_delete,
    "Put": prepare_put,
    "Update": prepare_update,
}


class Transactions:
    """Runs transactions and remembers the client tokens of successful ones."""

    def __init__(self, database: Database, *, now: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._now = now
        self._tokens: dict[str, tuple[float, bytes]] = {}
        """By token, oldest first: completion time and a hash of the writes."""

    def transact_write_items(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Raises DynamoDBError and writes nothing if a condition fails or the request is invalid."""
        items, token = request["TransactItems"], request.get("ClientRequestToken")
        digest = hashlib.sha256(json.dumps(items, sort_keys=True).encode()).digest()
        if token is not None and self._is_known(token, digest):
            return {}
        self._run(items)
        if token is not None:
            self._tokens[token] = self._now(), digest
        return {}

    def _is_known(self, token: str, digest: bytes) -> bool:
        while self._tokens and self._now() - next(iter(self._tokens.values()))[0] >= TOKEN_SECONDS:
            del self._tokens[next(iter(self._tokens))]
        if token not in self._tokens:
            return False
        if self._tokens[token][1] != digest:
            raise DynamoDBError(
                "IdempotentParameterMismatchException",
                "Request parameters do not match those of an earlier request with the same client token",
            )
        return True

    def _run(self, items: list[Mapping[str, Any]]) -> None:
        if not 1 <= len(items) <= MAX_ITEMS:
            raise invalid(f"A transaction has 1 to {MAX_ITEMS} items, not {len(items)}")
        writes = [self._prepare(item) for item in items]
        if len({(write.table.name, write.key) for write in writes}) != len(writes):
            raise invalid("Transaction request cannot include multiple operations on one item")
        size = sum(_bytes(next(iter(item.values()))) for item in items)
        if size > MAX_BYTES:
            raise invalid(f"Transaction payload size cannot exceed 4MB. Payload Size: {size}")
        decisions = [_decide(write) for write in writes]
        reasons = [decision if isinstance(decision, dict) else _NO_REASON for decision in decisions]
        if any(reason is not _NO_REASON for reason in reasons):
            codes = ", ".join(reason["Code"] for reason in reasons)
            raise DynamoDBError(
                "TransactionCanceledException",
                f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
                CancellationReasons=reasons,
            )
        for write, new in zip(writes, decisions, strict=True):
            if not isinstance(new, dict) and new is not write.table.get(write.key):  # a ConditionCheck writes nothing
                self._database.write(write.table, write.key, new)

    def _prepare(self, item: Mapping[str, Any]) -> Write:
        if len(item) != 1 or (kind := next(iter(item))) not in _PREPARE:
            raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        return _PREPARE[kind](self._database, item[kind])


def _bytes(request: Mapping[str, Any]) -> int:
    """The request size of one write."""
    values = request.get("ExpressionAttributeValues") or {}
    expressions = ((request.get(kind) or "").encode() for kind in (CONDITION, UPDATE))
    attributes = request["Item"] if "Item" in request else request["Key"]
    return item_bytes(attributes) + sum(map(value_bytes, values.values())) + sum(map(len, expressions))


def _decide(write: Write) -> Stored | dict[str, Any] | None:
    """The item after the write, or the cancellation reason."""
    old = write.old
    if not write.expressions.met(old):
        reason = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
        return {**reason, "Item": old} if write.returns_old_on_failure and old is not None else reason
    try:
        return write.become(old)
    except DynamoDBError as error:
        return {"Code": "ValidationError", "Message": error.message}
