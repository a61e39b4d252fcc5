"""Document paths (`name`, `map.name`, `list[2]`): lookup, replacement and removal."""

from collections.abc import Mapping

from local_stack.dynamodb_server.errors import invalid
from local_stack.dynamodb_server.values import Item, Value

type Path = tuple[str | int, ...]
"""An attribute name, followed by map keys and list indexes."""

_NO_SUCH_PATH = "The document path provided in the update expression is invalid for update"


def resolved(path: Path, names: Mapping[str, str]) -> Path:
    """The path with its placeholders replaced by their names.

    Raises:
        DynamoDBError: a placeholder is not defined.
    """
    if not any(isinstance(part, str) and part.startswith("#") for part in path):
        return path
    return tuple(_resolved_part(part, names) for part in path)


def find(item: Item, path: Path) -> Value | None:
    """The value at the path; None if there is none."""
    found: Value | None = {"M": item}
    for part in path:
        if found is None:
            return None
        if isinstance(part, int):
            elements = found.get("L", [])
            found = elements[part] if part < len(elements) else None
        else:
            found = found.get("M", {}).get(part)
    return found


def replaced(item: Item, path: Path, value: Value) -> Item:
    """A new item with the value at the path; an index past a list's end appends.

    Raises:
        DynamoDBError: the parent map or list does not exist.
    """
    new: Item = _replaced({"M": item}, path, value)["M"]
    return new


def removed(item: Item, path: Path) -> Item:
    """A new item without the value at the path; later elements of a list shift down.

    Raises:
        DynamoDBError: the parent map or list does not exist.
    """
    new: Item = _replaced({"M": item}, path, None)["M"]
    return new


def overlap(left: Path, right: Path) -> bool:
    """True if one path is a prefix of the other."""
    shorter = min(len(left), len(right))
    return left[:shorter] == right[:shorter]


def text(path: Path) -> str:
    """The path as DynamoDB's error messages show it: `[a, b, [0]]`."""
    return "[" + ", ".join(f"[{part}]" if isinstance(part, int) else part for part in path) + "]"


def _resolved_part(part: str | int, names: Mapping[str, str]) -> str | int:
    if isinstance(part, int) or not part.startswith("#"):
        return part
    if part not in names:
        raise invalid(f"An expression attribute name used in the document path is not defined; attribute name: {part}")
    return names[part]


def _replaced(container: Value, path: Path, value: Value | None) -> Value:
    part, rest = path[0], path[1:]
    if isinstance(part, int):
        return {"L": _replaced_element(container, part, rest, value)}
    members = container.get("M")
    if members is None:
        raise invalid(_NO_SUCH_PATH)
    if rest:
        if part not in members:
            raise invalid(_NO_SUCH_PATH)
        return {"M": {**members, part: _replaced(members[part], rest, value)}}
    if value is None:
        return {"M": {name: member for name, member in members.items() if name != part}}
    return {"M": {**members, part: value}}


def _replaced_element(container: Value, index: int, rest: Path, value: Value | None) -> list[Value]:
    elements = container.get("L")
    if elements is None:
        raise invalid(_NO_SUCH_PATH)
    if rest:
        if index >= len(elements):
            raise invalid(_NO_SUCH_PATH)
        value = _replaced(elements[index], rest, value)
    elif value is None:
        return [*elements[:index], *elements[index + 1 :]]
    return [*elements[:index], value, *elements[index + 1 :]]
