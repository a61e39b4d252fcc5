"""Projection expressions: the attributes of an item that a response includes."""

from collections.abc import Iterable
from typing import Any

from local_stack.dynamodb_server.expressions import paths
from local_stack.dynamodb_server.expressions.operands import Bindings
from local_stack.dynamodb_server.expressions.paths import Path
from local_stack.dynamodb_server.expressions.tokens import Tokens
from local_stack.dynamodb_server.values import Item, Value

type _Wanted = dict[str | int, Any]
"""Paths as a tree; a leaf is an empty dict."""


def parse_projection(tokens: Tokens) -> tuple[Path, ...]:
    """Parses a whole projection expression.

    Raises:
        DynamoDBError: syntax error.
    """
    found = [tokens.path()]
    while tokens.take_if(","):
        found.append(tokens.path())
    tokens.expect_end()
    return tuple(found)


def projected(item: Item, wanted: Iterable[Path], bindings: Bindings | None = None) -> Item:
    """The item reduced to these paths; list elements keep their order."""
    tree: _Wanted = {}
    for path in wanted:
        resolved = path if bindings is None else bindings.path(path)
        if paths.find(item, resolved) is not None:
            branch = tree
            for part in resolved:
                branch = branch.setdefault(part, {})
    found: Item = _pruned({"M": item}, tree)["M"] if tree else {}
    return found


def _pruned(value: Value, wanted: _Wanted) -> Value:
    if not wanted:
        return value
    if "L" in value:
        return {"L": [_pruned(value["L"][index], wanted[index]) for index in sorted(wanted, key=int)]}
    return {"M": {name: _pruned(value["M"][name], below) for name, below in wanted.items()}}
