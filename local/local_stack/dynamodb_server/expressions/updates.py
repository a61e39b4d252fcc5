"""Update expressions.

Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations

from local_stack.dynamodb_server.errors import invalid
from local_stack.dynamodb_server.expressions import paths
from local_stack.dynamodb_server.expressions.operands import (
    Bindings,
    IfNotExists,
    ListAppend,
    Operand,
    Sum,
    added,
    parse_operand,
)
from local_stack.dynamodb_server.expressions.paths import Path
from local_stack.dynamodb_server.expressions.tokens import Tokens
from local_stack.dynamodb_server.values import Item, Value, type_of

type _Change = Callable[[Value | None, Value], Value | None]

_WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_MISSING = "The provided expression refers to an attribute that does not exist in the item"


@dataclass(slots=True)
class Update:
    """The clauses of one update expression."""

    sets: list[tuple[Path, Operand]] = field(default_factory=list)
    adds: list[tuple[Path, Operand]] = field(default_factory=list)
    deletes: list[tuple[Path, Operand]] = field(default_factory=list)
    removes: list[Path] = field(default_factory=list)

    def targets(self, bindings: Bindings) -> list[Path]:
        """All paths that the update writes."""
        return [bindings.path(path) for path in self._paths()]

    def apply(self, item: Item, bindings: Bindings) -> Item:
        """The item after the update. Operands are evaluated against the item before it.

        Raises:
            DynamoDBError: paths overlap or do not exist, or value types do not match.
        """
        _check_overlaps(self.targets(bindings))
        new = item
        for path, operand in self.sets:
            value = operand.value(item, bindings)
            if value is None:
                raise invalid(_MISSING)
            new = paths.replaced(new, bindings.path(path), value)
        for clause, change in ((self.adds, _with), (self.deletes, _without)):
            for path, operand in clause:
                new = _changed(new, bindings.path(path), operand.value(item, bindings), change)
        # From the end of a list to its beginning, so that indexes do not shift.
        for path in sorted(map(bindings.path, self.removes), key=_by_position, reverse=True):
            new = paths.removed(new, path)
        return new

    def _paths(self) -> Iterator[Path]:
        for clause in (self.sets, self.adds, self.deletes):
            yield from (path for path, _ in clause)
        yield from self.removes


def parse_update(tokens: Tokens) -> Update:
    """Parses a whole update expression.

    Raises:
        DynamoDBError: syntax error.
    """
    update = Update()
    clauses: dict[str, Callable[[], None]] = {
        "SET": lambda: update.sets.append(_assignment(tokens)),
        "ADD": lambda: update.adds.append((tokens.path(), parse_operand(tokens))),
        "DELETE": lambda: update.deletes.append((tokens.path(), parse_operand(tokens))),
        "REMOVE": lambda: update.removes.append(tokens.path()),
    }
    while clauses and (keyword := tokens.take_if(*clauses)):
        parse = clauses.pop(keyword)
        parse()
        while tokens.take_if(","):
            parse()
    tokens.expect_end()
    return update


def _assignment(tokens: Tokens) -> tuple[Path, Operand]:
    path = tokens.path()
    tokens.expect("=")
    return path, _sum(tokens)


def _sum(tokens: Tokens) -> Operand:
    operand = _term(tokens)
    if sign := tokens.take_if("+", "-"):
        return Sum(operand, _term(tokens), 1 if sign == "+" else -1)
    return operand


def _term(tokens: Tokens) -> Operand:
    if tokens.take_if("("):
        operand = _sum(tokens)
        tokens.expect(")")
        return operand
    if tokens.after_next == "(" and tokens.next in {"if_not_exists", "list_append"}:
        function = tokens.take()
        tokens.expect("(")
        if function == "if_not_exists":
            path = tokens.path()
            tokens.expect(",")
            operand = IfNotExists(path, _term(tokens))
        else:
            first = _term(tokens)
            tokens.expect(",")
            operand = ListAppend(first, _term(tokens))
        tokens.expect(")")
        return operand
    if tokens.next == "size" and tokens.after_next == "(":
        raise tokens.error("The function is not allowed in an update expression; function: size")
    return parse_operand(tokens)


def _check_overlaps(targets: list[Path]) -> None:
    for left, right in combinations(targets, 2):
        if paths.overlap(left, right):
            raise invalid(
                "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of "
                f"these paths; path one: {paths.text(left)}, path two: {paths.text(right)}"
            )


def _changed(item: Item, path: Path, value: Value | None, change: _Change) -> Item:
    if value is None:
        raise invalid(_MISSING)
    before = paths.find(item, path)
    after = change(before, value)
    if after is not None:
        return item if after is before else paths.replaced(item, path, after)
    return item if before is None else paths.removed(item, path)


def _with(before: Value | None, value: Value) -> Value:
    """ADD to a number or a set; a missing attribute counts as 0 or empty."""
    kind = type_of(value)
    if kind not in {"N", "SS", "NS", "BS"} or (before is not None and type_of(before) != kind):
        raise invalid(_WRONG_TYPE)
    if before is None:
        return value
    if kind == "N":
        return added(before, value)
    return {kind: [*before[kind], *(member for member in value[kind] if member not in before[kind])]}


def _without(before: Value | None, value: Value) -> Value | None:
    """DELETE elements from a set; None if it becomes empty."""
    kind = type_of(value)
    if kind not in {"SS", "NS", "BS"} or (before is not None and type_of(before) != kind):
        raise invalid(_WRONG_TYPE)
    left = [] if before is None else [member for member in before[kind] if member not in value[kind]]
    return {kind: left} if left else None


def _by_position(path: Path) -> tuple[tuple[bool, int | str], ...]:
    return tuple((isinstance(part, int), part) for part in path)
