"""A request's expressions; parsed results are cached by text."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from local_stack.dynamodb_server.errors import invalid
from local_stack.dynamodb_server.expressions.checks import check_condition
from local_stack.dynamodb_server.expressions.condition_parser import parse_condition
from local_stack.dynamodb_server.expressions.conditions import Condition
from local_stack.dynamodb_server.expressions.operands import Bindings
from local_stack.dynamodb_server.expressions.paths import Path
from local_stack.dynamodb_server.expressions.projections import parse_projection
from local_stack.dynamodb_server.expressions.tokens import Tokens
from local_stack.dynamodb_server.expressions.updates import Update, parse_update
from local_stack.dynamodb_server.values import Item, normalised

CONDITION: Final = "ConditionExpression"
FILTER: Final = "FilterExpression"
KEYS: Final = "KeyConditionExpression"
PROJECTION: Final = "ProjectionExpression"
UPDATE: Final = "UpdateExpression"

_NAMES: Final = "ExpressionAttributeNames"
_VALUES: Final = "ExpressionAttributeValues"
_PARSERS: Final[dict[str, Callable[[Tokens], Any]]] = {
    CONDITION: parse_condition,
    FILTER: parse_condition,
    KEYS: parse_condition,
    PROJECTION: parse_projection,
    UPDATE: parse_update,
}
_LEGACY: Final = (
    "AttributeUpdates",
    "AttributesToGet",
    "ConditionalOperator",
    "Expected",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
)


class _Parsed(NamedTuple):
    expression: Any
    placeholders: frozenset[str]
    attributes: frozenset[str]


class Expressions:
    """The expressions of one request, or of one of its items."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        """Raises DynamoDBError for a syntax error, or an undefined or unused placeholder."""
        for name in _LEGACY:
            if name in request:
                raise invalid(f"{name} is not supported here: use expressions.")
        parsed = {kind: _parse(kind, request[kind]) for kind in _PARSERS if request.get(kind) is not None}
        self._parsed = {kind: one.expression for kind, one in parsed.items()}
        self._attributes = {kind: one.attributes for kind, one in parsed.items()}
        for name in (_NAMES, _VALUES):
            if request.get(name) == {}:
                raise invalid(f"{name} must not be empty")
        self.bindings = Bindings(request.get(_NAMES) or {}, normalised(request.get(_VALUES) or {}))
        used = frozenset[str]().union(*(one.placeholders for one in parsed.values()))
        _check(used, self.bindings)
        for kind in (CONDITION, FILTER, KEYS):
            if kind in self._parsed:
                check_condition(self._parsed[kind], self.bindings)

    @property
    def update(self) -> Update | None:
        found: Update | None = self._parsed.get(UPDATE)
        return found

    @property
    def projection(self) -> tuple[Path, ...] | None:
        found: tuple[Path, ...] | None = self._parsed.get(PROJECTION)
        return found

    @property
    def keys(self) -> Condition:
        """Raises DynamoDBError if the request has no key condition."""
        if KEYS not in self._parsed:
            raise invalid(f"The {KEYS} parameter must be specified in the request.")
        found: Condition = self._parsed[KEYS]
        return found

    @property
    def filtered(self) -> set[str]:
        """The attributes that the filter reads."""
        return {self.bindings.names.get(name, name) for name in self._attributes.get(FILTER, ())}

    def met(self, item: Item | None) -> bool:
        """True if the condition holds or there is none."""
        return self._holds(CONDITION, item or {})

    def passes(self, item: Item) -> bool:
        """True if the item passes the filter or there is none."""
        return self._holds(FILTER, item)

    def _holds(self, kind: str, item: Item) -> bool:
        condition: Condition | None = self._parsed.get(kind)
        return condition is None or condition.holds(item, self.bindings)


@lru_cache(maxsize=1024)
def _parse(kind: str, text: str) -> _Parsed:
    tokens = Tokens(text, kind)
    expression = _PARSERS[kind](tokens)
    return _Parsed(expression, tokens.placeholders, frozenset(tokens.attributes))


def _check(used: frozenset[str], bindings: Bindings) -> None:
    """Raises DynamoDBError for an undefined or unused placeholder."""
    given = (*bindings.names, *bindings.values)
    for placeholder in sorted(used.difference(given)):
        what = "name" if placeholder.startswith("#") else "value"
        raise invalid(
            f"Invalid expression: An expression attribute {what} used in it is not defined; "
            f"attribute {what}: {placeholder}"
        )
    for placeholder in given:
        if placeholder not in used:
            what = _NAMES if placeholder.startswith("#") else _VALUES
            raise invalid(f"Value provided in {what} unused in expressions: keys: {{{placeholder}}}")
