"""Reads conditions."""

from typing import Final

from local_stack.dynamodb_server.expressions.conditions import (
    ORDERS,
    All,
    Any,
    BeginsWith,
    Between,
    Comparison,
    Condition,
    Contains,
    Exists,
    HasType,
    Not,
    OneOf,
)
from local_stack.dynamodb_server.expressions.operands import Attribute, Given, parse_operand
from local_stack.dynamodb_server.expressions.tokens import Tokens

_FUNCTIONS: Final = {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"}


def parse_condition(tokens: Tokens) -> Condition:
    """Parses a whole condition expression.

    Raises:
        DynamoDBError: syntax error.
    """
    condition = _alternatives(tokens)
    tokens.expect_end()
    return condition


def _alternatives(tokens: Tokens) -> Condition:
    found = [_conjunction(tokens)]
    while tokens.take_if("OR"):
        found.append(_conjunction(tokens))
    return found[0] if len(found) == 1 else Any(tuple(found))


def _conjunction(tokens: Tokens) -> Condition:
    found = [_negation(tokens)]
    while tokens.take_if("AND"):
        found.append(_negation(tokens))
    return found[0] if len(found) == 1 else All(tuple(found))


def _negation(tokens: Tokens) -> Condition:
    if tokens.take_if("NOT"):
        return Not(_negation(tokens))
    if tokens.next in _FUNCTIONS and tokens.after_next == "(":
        return _function(tokens)
    if tokens.take_if("("):
        condition = _alternatives(tokens)
        tokens.expect(")")
        return condition
    return _comparison(tokens)


def _comparison(tokens: Tokens) -> Condition:
    left = parse_operand(tokens)
    if tokens.take_if("BETWEEN"):
        least = parse_operand(tokens)
        tokens.expect("AND")
        return Between(left, least, parse_operand(tokens))
    if tokens.take_if("IN"):
        tokens.expect("(")
        choices = [parse_operand(tokens)]
        while tokens.take_if(","):
            choices.append(parse_operand(tokens))
        tokens.expect(")")
        return OneOf(left, tuple(choices))
    comparator = tokens.take_if("=", "<>", *ORDERS)
    if comparator is None:
        raise tokens.syntax_error()
    return Comparison(comparator, left, parse_operand(tokens))


def _function(tokens: Tokens) -> Condition:
    name = tokens.take()
    tokens.expect("(")
    if name in {"attribute_exists", "attribute_not_exists"}:
        condition: Condition = Exists(tokens.path(), name == "attribute_exists")
    else:
        condition = _function_of_two(name, tokens)
    tokens.expect(")")
    return condition


def _function_of_two(name: str, tokens: Tokens) -> Condition:
    first = parse_operand(tokens)
    tokens.expect(",")
    second = parse_operand(tokens)
    if name == "begins_with":
        return BeginsWith(first, second)
    if name == "contains":
        return Contains(first, second)
    if not isinstance(first, Attribute) or not isinstance(second, Given):
        raise tokens.syntax_error(back=1)
    return HasType(first.path, second)
