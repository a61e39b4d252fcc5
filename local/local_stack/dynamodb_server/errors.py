"""DynamoDB's error responses.

Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from typing import Any


class DynamoDBError(Exception):
    """A rejected request. `error_type` is the API's error name, `details` are further fields of the response."""

    def __init__(self, error_type: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.details = details


def invalid(message: str) -> DynamoDBError:
    """A malformed or invalid request."""
    return DynamoDBError("ValidationException", message)


def condition_failed(item: dict[str, Any] | None = None) -> DynamoDBError:
    """A condition that evaluated to false; `item` is the stored item, if the caller requested it."""
    details = {} if item is None else {"Item": item}
    return DynamoDBError("ConditionalCheckFailedException", "The conditional request failed", **details)


def no_table(name: str) -> DynamoDBError:
    return DynamoDBError("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
