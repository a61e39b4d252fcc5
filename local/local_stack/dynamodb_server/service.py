"""Handles one DynamoDB API request: bytes in, status and bytes out.

Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import json
import traceback
from collections.abc import Callable
from typing import Any, Final

from local_stack.dynamodb_server.errors import DynamoDBError, invalid
from local_stack.dynamodb_server.operations import definitions, reads, writes
from local_stack.dynamodb_server.operations.messages import OperationRequest, OperationResponse
from local_stack.dynamodb_server.operations.transactions import Transactions
from local_stack.dynamodb_server.storage.database import Database

type _Operation = Callable[[Database, OperationRequest], OperationResponse]

TARGET: Final = "DynamoDB_20120810."
_OPERATIONS: Final[dict[str, _Operation]] = {
    "BatchGetItem": reads.batch_get_item,
    "BatchWriteItem": writes.batch_write_item,
    "CreateTable": definitions.create_table,
    "DeleteItem": writes.delete_item,
    "DeleteTable": definitions.delete_table,
    "DescribeTable": definitions.describe_table,
    "DescribeTimeToLive": definitions.describe_time_to_live,
    "GetItem": reads.get_item,
    "ListTables": definitions.list_tables,
    "PutItem": writes.put_item,
    "Query": reads.query,
    "Scan": reads.scan,
    "TransactGetItems": reads.transact_get_items,
    "UpdateItem": writes.update_item,
    "UpdateTable": definitions.update_table,
    "UpdateTimeToLive": definitions.update_time_to_live,
}


class DynamoDBService:
    """Handles one request at a time; commits its changes to the journal before it responds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._transactions = Transactions(database)

    def answer(self, target: str, body: bytes) -> tuple[int, bytes]:
        """Returns status and body. `target` is the request's X-Amz-Target header."""
        try:
            status, response = 200, self._run(target.removeprefix(TARGET), body)
        except DynamoDBError as error:
            status, response = 400, {"__type": _type(error), "message": error.message, **error.details}
        except Exception:  # noqa: BLE001  # an unexpected error becomes a 500; the server keeps running
            traceback.print_exc()
            status, response = 500, {"__type": "InternalServerError", "message": "The local DynamoDB failed."}
        self._database.commit()
        return status, json.dumps(response, separators=(",", ":")).encode()

    def _run(self, operation: str, body: bytes) -> dict[str, Any]:
        try:
            request = json.loads(body)
        except ValueError:
            raise DynamoDBError("SerializationException", "The body is not JSON.") from None
        if operation == "TransactWriteItems":
            return self._transactions.transact_write_items(request)
        if operation not in _OPERATIONS:
            raise DynamoDBError("UnknownOperationException", f"{operation or 'This operation'} is not supported here.")
        try:
            return _OPERATIONS[operation](self._database, request)
        except KeyError as error:
            raise invalid(f"A parameter is missing or has an unknown value: {error}") from None


def _type(error: DynamoDBError) -> str:
    return f"com.amazonaws.dynamodb.v20120810#{error.error_type}"
