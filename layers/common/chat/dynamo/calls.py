"""Calls to DynamoDB: translates failures and failed conditions, and retries conflicting transactions."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from random import uniform
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chat.errors import StorageError

CONFLICT_ATTEMPTS = 6
CONFLICT_PAUSE_SECONDS = 0.02
"""Doubles with each attempt, minus up to half as jitter."""

_CONDITION_FAILED = "ConditionalCheckFailed"
_ALL_OLD = "ALL_OLD"

type Item = dict[str, Any]
"""An item in DynamoDB's JSON."""


FAILURES = (PynamoDBException, BotoCoreError, ClientError)
"""The errors of PynamoDB and botocore."""


class ConditionFailedError(Exception):
    """A condition failed; nothing was written. `items` has the old item of each failed condition.

    `repeated`: botocore sent the request more than once, so an earlier one may have been done and its answer lost.
    """

    def __init__(self, items: dict[str, Item | None], *, repeated: bool = False) -> None:
        super().__init__(", ".join(items))
        self.items = items
        self.repeated = repeated


_in_doubt: ContextVar[list[bool]] = ContextVar("in_doubt")
"""For each attempt of the transaction that is being committed: whether it may have been applied without a reply."""


def watch_attempts(client: Any) -> None:
    """Records for `Transaction.commit` how each of botocore's attempts ended, not only the last."""
    client.meta.events.register("response-received.dynamodb.TransactWriteItems", _note_attempt)


def _note_attempt(exception: Exception | None = None, response_dict: dict[str, Any] | None = None, **_: object) -> None:
    if exception is not None:
        doubt = not isinstance(exception, ConnectTimeoutError | EndpointConnectionError)
    else:
        doubt = response_dict is not None and response_dict["status_code"] >= HTTPStatus.INTERNAL_SERVER_ERROR
    _in_doubt.get([]).append(doubt)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Translates the errors of botocore and PynamoDB.

    Raises:
        StorageError: DynamoDB was unreachable, timed out or refused the call.
    """
    try:
        yield
    except FAILURES as error:
        raise StorageError("The storage is not available.") from error


def update[M: Model](
    connection: Connection,
    item: M,
    *,
    actions: Sequence[Action],
    condition: Condition | None = None,
    return_values: str = "ALL_NEW",
) -> M:
    """Updates one item; returns it according to `return_values`.

    Raises:
        ConditionFailedError: with the old item under the name of its class; None if there is none.
    """
    request = item.get_update_kwargs_from_instance(
        actions=list(actions), condition=condition, return_values_on_condition_failure=_ALL_OLD
    )
    request |= connection.get_return_values_map(return_values)
    try:
        response = _unless_conflict(lambda: connection.dispatch("UpdateItem", dict(request)))
    except ClientError as error:
        if _code(error) == "ConditionalCheckFailedException":
            # PynamoDB's error lacks the item; botocore's, its cause, has it.
            answer = getattr(error.__cause__, "response", {})
            repeated = answer.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
            raise ConditionFailedError({type(item).__name__: answer.get("Item")}, repeated=repeated) from None
        raise
    return type(item).from_raw_data(response.get("Attributes", {}))


def delete(connection: Connection, item: Model, *, condition: Condition) -> Item:
    """Deletes one item and returns its old value.

    Raises:
        ConditionFailedError: with the name of its class; the item itself is unknown.
    """
    request = item.get_delete_kwargs_from_instance(condition=condition)
    request |= connection.get_return_values_map(_ALL_OLD)
    try:
        response = _unless_conflict(lambda: connection.dispatch("DeleteItem", dict(request)))
    except ClientError as error:
        if _code(error) == "ConditionalCheckFailedException":
            raise ConditionFailedError({type(item).__name__: None}) from None
        raise
    old: Item = response.get("Attributes", {})
    return old


class Transaction:
    """Writes applied atomically; `commit` reports failed conditions by name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._puts: list[tuple[str, Item]] = []
        self._updates: list[tuple[str, Item]] = []
        self.in_doubt = False
        """After a failed `commit`: whether an attempt may have been applied, or may still be."""

    def put(self, name: str, item: Model, condition: Condition | None = None) -> None:
        returned = None if condition is None else _ALL_OLD
        request = item.get_save_kwargs_from_instance(condition=condition, return_values_on_condition_failure=returned)
        self._puts.append((name, request))

    def update(self, name: str, item: Model, actions: Sequence[Action], condition: Condition | None = None) -> None:
        returned = None if condition is None else _ALL_OLD
        request = item.get_update_kwargs_from_instance(
            actions=list(actions), condition=condition, return_values_on_condition_failure=returned
        )
        self._updates.append((name, request))

    def commit(self) -> None:
        """Runs the transaction. botocore's client token makes a retry after a lost reply idempotent.

        Raises:
            ConditionFailedError: with the old items of the writes whose conditions failed, by name. They may have been
            written by an earlier attempt: the database remembers a client token for a few minutes only.
        """
        attempts: list[bool] = []
        watched = _in_doubt.set(attempts)
        try:
            _unless_conflict(
                lambda: self._connection.transact_write_items(
                    condition_check_items=[],
                    delete_items=[],
                    put_items=[request for _, request in self._puts],
                    update_items=[request for _, request in self._updates],
                )
            )
        except TransactWriteError as error:
            names = [name for name, _ in (*self._puts, *self._updates)]
            reasons = zip(names, error.cancellation_reasons, strict=False)
            failed = {name: reason.raw_item for name, reason in reasons if reason and reason.code == _CONDITION_FAILED}
            if failed:
                raise ConditionFailedError(failed) from None
            raise
        finally:
            _in_doubt.reset(watched)
            self.in_doubt = any(attempts)


def _unless_conflict(call: Callable[[], Item]) -> Item:
    """Retries a call that conflicted with a transaction on the same item; botocore does not.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
    """
    for attempt in range(CONFLICT_ATTEMPTS - 1):
        try:
            return call()
        except (ClientError, TransactWriteError) as error:
            if not _is_conflict(error):
                raise
        pause_seconds = CONFLICT_PAUSE_SECONDS * 2**attempt
        time.sleep(uniform(pause_seconds / 2, pause_seconds))  # noqa: S311
    return call()


def _is_conflict(error: ClientError | TransactWriteError) -> bool:
    if isinstance(error, ClientError):
        return _code(error) == "TransactionConflictException"
    codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
    return "TransactionConflict" in codes and _CONDITION_FAILED not in codes


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
