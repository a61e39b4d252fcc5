"""One fault: some text of a module, and what takes its place when the module is imported."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import override


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` stands in the module's source exactly once."""

    name: str
    module: str
    old: str
    new: str


class MutationError(Exception):
    """The module does not hold the text any more."""


class _Finder(MetaPathFinder):
    def __init__(self, mutation: Mutation) -> None:
        self._mutation = mutation

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutation.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            raise MutationError(f"there is no module {fullname}")
        spec.loader = _Loader(self._mutation, spec.origin)
        return spec


class _Loader(Loader):
    def __init__(self, mutation: Mutation, path: str) -> None:
        self._mutation = mutation
        self._path = path

    @override
    def exec_module(self, module: ModuleType) -> None:
        with open(self._path, encoding="utf-8") as file:  # noqa: PTH123
            source = file.read()
        exec(compile(mutated(source, self._mutation), self._path, "exec"), module.__dict__)


def mutated(source: str, mutation: Mutation) -> str:
    """The source with the fault in it.

    Raises:
        MutationError: the text is not there once.
    """
    if source.count(mutation.old) != 1:
        raise MutationError(f"{mutation.name}: {mutation.module} holds the text {source.count(mutation.old)} times")
    return source.replace(mutation.old, mutation.new)


def install(mutation: Mutation) -> None:
    """From now on an import of the module gives the faulty one."""
    if mutation.module in sys.modules:
        raise MutationError(f"{mutation.module} is imported already")
    sys.meta_path.insert(0, _Finder(mutation))
