"""Static checks of a condition, independent of the items."""

from collections.abc import Iterable

from local_stack.dynamodb_server.errors import invalid
from local_stack.dynamodb_server.expressions.conditions import (
    ORDERS,
    All,
    Any,
    BeginsWith,
    Between,
    Comparison,
    Condition,
    Contains,
    HasType,
    Not,
)
from local_stack.dynamodb_server.expressions.operands import Bindings, Given, Operand
from local_stack.dynamodb_server.values import type_of

_ORDERED = ("S", "N", "B")


def check_condition(condition: Condition, bindings: Bindings) -> None:
    """Raises DynamoDBError for operands of a wrong type or a wrong combination."""
    match condition:
        case Not(inner):
            check_condition(inner, bindings)
        case All(parts) | Any(parts):
            for part in parts:
                check_condition(part, bindings)
        case Comparison(comparator, left, right):
            _check_distinct(comparator, left, right)
            if comparator in ORDERS:
                _check_types(comparator, _ORDERED, (left, right), bindings)
        case Between():
            _check_between(condition, bindings)
        case BeginsWith(operand, start):
            _check_distinct("begins_with", operand, start)
            _check_types("begins_with", ("S", "B"), (operand, start), bindings)
        case Contains(operand, part):
            _check_distinct("contains", operand, part)
        case HasType(_, kind):
            _check_types("attribute_type", ("S",), (kind,), bindings)


def _check_between(condition: Between, bindings: Bindings) -> None:
    bounds = (condition.lower, condition.upper)
    _check_types("BETWEEN", _ORDERED, (condition.operand, *bounds), bindings)
    if all(isinstance(bound, Given) for bound in bounds) and not Comparison("<=", *bounds).holds({}, bindings):
        raise invalid("The BETWEEN operator requires upper bound to be greater than or equal to lower bound")


def _check_distinct(name: str, first: Operand, second: Operand) -> None:
    if first == second:
        raise invalid(
            "The first operand must be distinct from the remaining operands for this operator or function; "
            f"operator: {name}"
        )


def _check_types(name: str, allowed: Iterable[str], operands: Iterable[Operand], bindings: Bindings) -> None:
    """Checks the request's own values only: an item's value may have any type, and the condition is then false."""
    for operand in operands:
        if isinstance(operand, Given) and (kind := type_of(bindings.value(operand.placeholder))) not in allowed:
            raise invalid(
                f"Incorrect operand type for operator or function; operator or function: {name}, operand type: {kind}"
            )
