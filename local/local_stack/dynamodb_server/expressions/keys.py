"""Key conditions: the partition and the sort key range that a query reads."""

from decimal import Decimal
from typing import Final

from local_stack.dynamodb_server.errors import invalid
from local_stack.dynamodb_server.expressions.conditions import All, BeginsWith, Between, Comparison, Condition
from local_stack.dynamodb_server.expressions.operands import Attribute, Bindings, Given, Operand
from local_stack.dynamodb_server.expressions.request import Expressions
from local_stack.dynamodb_server.storage.index import Bounds
from local_stack.dynamodb_server.storage.key_schema import KeySchema, check_sort_key_size
from local_stack.dynamodb_server.values import Scalar, scalar

type _Read = tuple[str, str, tuple[Scalar, ...]]
"""Attribute, comparator, and operands."""

_PYTHON_TYPES: Final = {"S": str, "N": Decimal, "B": bytes}
_UNSUPPORTED: Final = "Query key condition not supported"


def key_condition(expressions: Expressions, schema: KeySchema) -> tuple[Scalar, Bounds]:
    """The partition and the bounds on the sort key.

    Raises:
        DynamoDBError: the condition does not match the key schema.
    """
    condition, bindings = expressions.keys, expressions.bindings
    parts = condition.conditions if isinstance(condition, All) else (condition,)
    read = [_read(part, bindings) for part in parts]
    partition = [values[0] for name, comparator, values in read if name == schema.partition and comparator == "="]
    rest = [(comparator, values) for name, comparator, values in read if name == schema.sort]
    if len(partition) != 1:
        raise invalid(f"Query condition missed key schema element: {schema.partition}")
    if len(partition) + len(rest) != len(read) or len(rest) > 1:
        raise invalid(_UNSUPPORTED)
    _check_values(read, schema)
    if not rest:
        return partition[0], Bounds()
    ((comparator, values),) = rest
    return partition[0], Bounds(comparator, values)


def _check_values(read: list[_Read], schema: KeySchema) -> None:
    for name, _, values in read:
        if any(not isinstance(value, _PYTHON_TYPES[schema.types[name]]) for value in values):
            raise invalid(
                "One or more parameter values were invalid: Condition parameter type does not match schema type"
            )
        if any(isinstance(value, str | bytes) and not value for value in values):
            raise invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                f"empty string value. Key: {name}"
            )
        if name == schema.sort:
            for value in values:
                check_sort_key_size(value)


def _read(part: Condition, bindings: Bindings) -> _Read:
    if isinstance(part, Comparison) and part.comparator != "<>":
        return _attribute(part.left, bindings), part.comparator, (_given(part.right, bindings),)
    if isinstance(part, BeginsWith):
        return _attribute(part.operand, bindings), "begins_with", (_given(part.start, bindings),)
    if isinstance(part, Between):
        values = (_given(part.lower, bindings), _given(part.upper, bindings))
        return _attribute(part.operand, bindings), "between", values
    raise invalid(_UNSUPPORTED)


def _attribute(operand: Operand, bindings: Bindings) -> str:
    if isinstance(operand, Attribute):
        path = bindings.path(operand.path)
        if len(path) == 1:
            return str(path[0])
    raise invalid(_UNSUPPORTED)


def _given(operand: Operand, bindings: Bindings) -> Scalar:
    value = scalar(bindings.value(operand.placeholder)) if isinstance(operand, Given) else None
    if value is None:
        raise invalid(_UNSUPPORTED)
    return value
