"""Conditions of writes, filters and key conditions.

Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from local_stack.dynamodb_server.expressions import paths
from local_stack.dynamodb_server.expressions.operands import Bindings, Operand
from local_stack.dynamodb_server.expressions.paths import Path
from local_stack.dynamodb_server.values import Item, Scalar, Value, equal, scalar, type_of

ORDERS: Final[dict[str, Callable[[Scalar, Scalar], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Condition(Protocol):
    """A predicate over an item; a missing item counts as an empty one."""

    def holds(self, item: Item, bindings: Bindings) -> bool: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operand = operand`, or another comparator."""

    comparator: str
    left: Operand
    right: Operand

    def holds(self, item: Item, bindings: Bindings) -> bool:
        left, right = self.left.value(item, bindings), self.right.value(item, bindings)
        if left is None or right is None:
            # A missing attribute differs from every value.
            return self.comparator == "<>" and left is not right
        if self.comparator == "=":
            return equal(left, right)
        if self.comparator == "<>":
            return not equal(left, right)
        return _ordered(self.comparator, left, right)


@dataclass(frozen=True, slots=True)
class Between:
    """`operand BETWEEN operand AND operand`, bounds included."""

    operand: Operand
    lower: Operand
    upper: Operand

    def holds(self, item: Item, bindings: Bindings) -> bool:
        value = self.operand.value(item, bindings)
        lower, upper = self.lower.value(item, bindings), self.upper.value(item, bindings)
        if value is None or lower is None or upper is None:
            return False
        return _ordered(">=", value, lower) and _ordered("<=", value, upper)


@dataclass(frozen=True, slots=True)
class OneOf:
    """`operand IN (operand, ...)`."""

    operand: Operand
    choices: tuple[Operand, ...]

    def holds(self, item: Item, bindings: Bindings) -> bool:
        value = self.operand.value(item, bindings)
        if value is None:
            return False
        found = (choice.value(item, bindings) for choice in self.choices)
        return any(choice is not None and equal(value, choice) for choice in found)


@dataclass(frozen=True, slots=True)
class Exists:
    """`attribute_exists(path)` or `attribute_not_exists(path)`."""

    path: Path
    expected: bool

    def holds(self, item: Item, bindings: Bindings) -> bool:
        return (paths.find(item, bindings.path(self.path)) is not None) is self.expected


@dataclass(frozen=True, slots=True)
class HasType:
    """`attribute_type(path, type)`."""

    path: Path
    kind: Operand

    def holds(self, item: Item, bindings: Bindings) -> bool:
        found, kind = paths.find(item, bindings.path(self.path)), self.kind.value(item, bindings)
        return found is not None and kind == {"S": type_of(found)}


@dataclass(frozen=True, slots=True)
class BeginsWith:
    """`begins_with(operand, start)`."""

    operand: Operand
    start: Operand

    def holds(self, item: Item, bindings: Bindings) -> bool:
        value, start = self.operand.value(item, bindings), self.start.value(item, bindings)
        if value is None or start is None or type_of(value) != type_of(start):
            return False
        match scalar(value), scalar(start):
            case str() as text, str() as beginning:
                return text.startswith(beginning)
            case bytes() as data, bytes() as first:
                return data.startswith(first)
        return False


@dataclass(frozen=True, slots=True)
class Contains:
    """`contains(operand, part)`: a substring of a string or binary, an element of a set or list."""

    operand: Operand
    part: Operand

    def holds(self, item: Item, bindings: Bindings) -> bool:
        value, part = self.operand.value(item, bindings), self.part.value(item, bindings)
        if value is None or part is None:
            return False
        kind, content = next(iter(value.items()))
        if kind == "L":
            return any(equal(element, part) for element in content)
        if kind in {"SS", "NS", "BS"}:
            return type_of(part) == kind[0] and part[kind[0]] in content
        match scalar(value), scalar(part):
            case str() as text, str() as piece:
                return piece in text
            case bytes() as data, bytes() as some:
                return some in data
        return False


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition

    def holds(self, item: Item, bindings: Bindings) -> bool:
        return not self.condition.holds(item, bindings)


@dataclass(frozen=True, slots=True)
class All:
    """Conditions joined by AND."""

    conditions: tuple[Condition, ...]

    def holds(self, item: Item, bindings: Bindings) -> bool:
        return all(condition.holds(item, bindings) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Any:
    """Conditions joined by OR."""

    conditions: tuple[Condition, ...]

    def holds(self, item: Item, bindings: Bindings) -> bool:
        return any(condition.holds(item, bindings) for condition in self.conditions)


def _ordered(comparator: str, left: Value, right: Value) -> bool:
    """False for values of different types or of a type without an order."""
    if type_of(left) != type_of(right):
        return False
    a, b = scalar(left), scalar(right)
    return a is not None and b is not None and ORDERS[comparator](a, b)
