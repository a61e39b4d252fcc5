"""What DynamoDB refuses, as it says it.

Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from typing import Any


class DynamoDBError(Exception):
    """A request that is refused; `error_type` is the API's name for it, `details` are further fields of the answer."""

    def __init__(self, error_type: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.details = details


def invalid(message: str) -> DynamoDBError:
    """A request that makes no sense."""
    return DynamoDBError("ValidationException", message)


def condition_failed(item: dict[str, Any] | None = None) -> DynamoDBError:
    """A condition that did not hold; `item` is what was there, if the caller asked for it."""
    details = {} if item is None else {"Item": item}
    return DynamoDBError("ConditionalCheckFailedException", "The conditional request failed", **details)


def no_table(name: str) -> DynamoDBError:
    return DynamoDBError("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
