"""A fault: pieces of text in modules, and what takes their places when the modules are imported."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import override


@dataclass(frozen=True, slots=True)
class Edit:
    """`old` stands in the module's source exactly once."""

    module: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutation:
    """Several edits where one alone is made good elsewhere."""

    name: str
    edits: tuple[Edit, ...]


class MutationError(Exception):
    """The module does not hold the text any more."""


class _Finder(MetaPathFinder):
    def __init__(self, module: str, edits: Sequence[Edit]) -> None:
        self._module = module
        self._edits = edits

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            raise MutationError(f"there is no module {fullname}")
        spec.loader = _Loader(self._edits, spec.origin)
        return spec


class _Loader(Loader):
    def __init__(self, edits: Sequence[Edit], path: str) -> None:
        self._edits = edits
        self._path = path

    @override
    def exec_module(self, module: ModuleType) -> None:
        with open(self._path, encoding="utf-8") as file:  # noqa: PTH123
            source = file.read()
        for edit in self._edits:
            source = edited(source, edit)
        exec(compile(source, self._path, "exec"), module.__dict__)


def edited(source: str, edit: Edit) -> str:
    """The source with the fault in it.

    Raises:
        MutationError: the text is not there once.
    """
    if source.count(edit.old) != 1:
        raise MutationError(f"{edit.module} holds the text {source.count(edit.old)} times: {edit.old}")
    return source.replace(edit.old, edit.new)


def install(mutation: Mutation) -> None:
    """From now on an import of the modules gives the faulty ones."""
    for module in {edit.module for edit in mutation.edits}:
        if module in sys.modules:
            raise MutationError(f"{module} is imported already")
        sys.meta_path.insert(0, _Finder(module, [edit for edit in mutation.edits if edit.module == module]))
