"""Ways to change a template as written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

type Template = dict[str, Any]
type Change = Callable[[Template], None]

_BESIDE_PROPERTIES = {"Condition", "DeletionPolicy", "Metadata", "UpdateReplacePolicy"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """`change` makes it; `caught_by` are the names of all checks that notice."""

    name: str
    caught_by: frozenset[str]
    change: Change


def mistake(name: str, caught_by: str, change: Change) -> Mistake:
    """`caught_by` has spaces between the names."""
    return Mistake(name, frozenset(caught_by.split()), change)


def put(path: str, value: Any) -> Change:
    """Sets what may be there or not; the way to it must be there.

    `Globals.a.b` is a way from the top; with a resource's name A in front, `A.b.c` is `b.c` of its properties.
    """

    def change(template: Template) -> None:
        parent, key = _place(template, path)
        parent[key] = value

    return change


def drop(path: str) -> Change:
    """Takes away what must be there."""

    def change(template: Template) -> None:
        parent, key = _place(template, path)
        del parent[key]

    return change


def drop_for_functions(key: str) -> Change:
    """Takes a property away wherever functions have it from."""

    def change(template: Template) -> None:
        functions = (item for item in template["Resources"].values() if item["Type"] == "AWS::Serverless::Function")
        places = [template["Globals"]["Function"], *(function["Properties"] for function in functions)]
        assert [place.pop(key) for place in places if key in place]

    return change


def add_policy(function: str, policy: str) -> Change:
    """Attaches one of AWS's own."""

    def change(template: Template) -> None:
        template["Resources"][function]["Properties"]["Policies"].append(policy)

    return change


def add_resource(name: str, kind: str, **properties: Any) -> Change:
    def change(template: Template) -> None:
        template["Resources"][name] = {"Type": kind, "Properties": properties}

    return change


def in_statement(function: str, sid: str, key: str, value: Any) -> Change:
    """Changes one line of a function's policy."""

    def change(template: Template) -> None:
        (found,) = (item for item in _statements(template, function) if item["Sid"] == sid)
        found[key] = value

    return change


def drop_statement(function: str, sid: str) -> Change:
    def change(template: Template) -> None:
        statements = _statements(template, function)
        (found,) = (item for item in statements if item["Sid"] == sid)
        statements.remove(found)

    return change


def in_first(kind: str, key: str, value: Any) -> Change:
    """Sets a property of the first resource of a type; None takes it away."""

    def change(template: Template) -> None:
        properties = _of_type(template, kind)[0]["Properties"]
        if value is None:
            del properties[key]
        else:
            properties[key] = value

    return change


def always_there(kind: str) -> Change:
    """Forgets the condition of the first resource of a type."""

    def change(template: Template) -> None:
        del _of_type(template, kind)[0]["Condition"]

    return change


def in_texts(kind: str, old: str, new: str) -> Change:
    """Changes the first text with `old` in it, in a resource of a type."""

    def change(template: Template) -> None:
        assert any(_replace(resource["Properties"], old, new) for resource in _of_type(template, kind))

    return change


def _replace(part: Any, old: str, new: str) -> bool:
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(part, dict | list):
        items = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in items:
        if isinstance(value, str) and old in value:
            part[key] = value.replace(old, new, 1)
            return True
        if _replace(value, old, new):
            return True
    return False


def _of_type(template: Template, kind: str) -> list[dict[str, Any]]:
    return [resource for resource in template["Resources"].values() if resource["Type"] == kind]


def _statements(template: Template, function: str) -> list[dict[str, Any]]:
    policies = template["Resources"][function]["Properties"]["Policies"]
    found: list[dict[str, Any]] = next(policy for policy in policies if "Statement" in policy)["Statement"]
    return found


def _place(template: Template, path: str) -> tuple[Any, Any]:
    keys = path.split(".")
    parent: Any = template
    if keys[0] in template["Resources"]:
        parent = template["Resources"][keys.pop(0)]
        if keys[0] not in _BESIDE_PROPERTIES:
            parent = parent["Properties"]
    *way, last = keys
    for key in way:
        parent = parent[int(key) if isinstance(parent, list) else key]
    return parent, last
