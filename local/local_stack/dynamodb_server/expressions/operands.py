"""Operands of expressions and their evaluation against an item."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from local_stack.dynamodb_server.errors import invalid
from local_stack.dynamodb_server.expressions import paths
from local_stack.dynamodb_server.expressions.paths import Path
from local_stack.dynamodb_server.expressions.tokens import Tokens
from local_stack.dynamodb_server.values import Item, Value, total, type_of


@dataclass(frozen=True, slots=True)
class Bindings:
    """A request's ExpressionAttributeNames and ExpressionAttributeValues."""

    names: Mapping[str, str]
    values: Mapping[str, Value]

    def path(self, path: Path) -> Path:
        return paths.resolved(path, self.names)

    def value(self, placeholder: str) -> Value:
        """Raises DynamoDBError if the placeholder is not defined."""
        if placeholder not in self.values:
            raise invalid(
                f"An expression attribute value used in expression is not defined; attribute value: {placeholder}"
            )
        return self.values[placeholder]


class Operand(Protocol):
    """A part of an expression that evaluates to a value."""

    def value(self, item: Item, bindings: Bindings) -> Value | None:
        """The value; None if the item lacks it."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """The item's value at a path."""

    path: Path

    def value(self, item: Item, bindings: Bindings) -> Value | None:
        return paths.find(item, bindings.path(self.path))


@dataclass(frozen=True, slots=True)
class Given:
    """A value given in the request."""

    placeholder: str

    def value(self, item: Item, bindings: Bindings) -> Value | None:  # noqa: ARG002  # independent of the item
        return bindings.value(self.placeholder)


@dataclass(frozen=True, slots=True)
class Size:
    """`size(path)`: characters of a string, bytes of a binary, elements of a collection."""

    path: Path

    def value(self, item: Item, bindings: Bindings) -> Value | None:
        found = paths.find(item, bindings.path(self.path))
        if found is None:
            return None
        ((kind, content),) = found.items()
        if kind not in {"S", "B", "SS", "NS", "BS", "L", "M"}:
            return None
        return {"N": str(len(base64.b64decode(content) if kind == "B" else content))}


@dataclass(frozen=True, slots=True)
class IfNotExists:
    """`if_not_exists(path, operand)`."""

    path: Path
    otherwise: Operand

    def value(self, item: Item, bindings: Bindings) -> Value | None:
        found = paths.find(item, bindings.path(self.path))
        return self.otherwise.value(item, bindings) if found is None else found


@dataclass(frozen=True, slots=True)
class ListAppend:
    """`list_append(operand, operand)`."""

    first: Operand
    second: Operand

    def value(self, item: Item, bindings: Bindings) -> Value | None:
        first, second = _needed(self.first, item, bindings), _needed(self.second, item, bindings)
        if type_of(first) != "L" or type_of(second) != "L":
            raise invalid("An operand in the update expression has an incorrect data type")
        return {"L": [*first["L"], *second["L"]]}


@dataclass(frozen=True, slots=True)
class Sum:
    """`operand + operand` or `operand - operand`."""

    first: Operand
    second: Operand
    sign: int

    def value(self, item: Item, bindings: Bindings) -> Value | None:
        return added(_needed(self.first, item, bindings), _needed(self.second, item, bindings), self.sign)


def added(first: Value, second: Value, sign: int = 1) -> Value:
    """The sum of two numbers, or their difference.

    Raises:
        DynamoDBError: an operand is not a number, or the result cannot be stored.
    """
    if type_of(first) != "N" or type_of(second) != "N":
        raise invalid("An operand in the update expression has an incorrect data type")
    return {"N": total(first["N"], second["N"], sign)}


def parse_operand(tokens: Tokens) -> Operand:
    """Parses the operands that conditions and updates share: a path, a value, or `size`, optionally in parentheses."""
    if tokens.take_if("("):
        operand = parse_operand(tokens)
        tokens.expect(")")
        return operand
    if tokens.next[0] == ":":
        return Given(tokens.take())
    if tokens.next == "size" and tokens.after_next == "(":
        tokens.take()
        tokens.take()
        path = tokens.path()
        tokens.expect(")")
        return Size(path)
    return Attribute(tokens.path())


def _needed(operand: Operand, item: Item, bindings: Bindings) -> Value:
    value = operand.value(item, bindings)
    if value is None:
        raise invalid("The provided expression refers to an attribute that does not exist in the item")
    return value
