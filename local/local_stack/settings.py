"""Function settings from the stack's environment.

The known settings come from the functions' `Settings` classes and from the template. A template parameter can be set by
the name of the variable that it sets or by its own name (`LOG_LEVEL` for `LogLevel`).
"""

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import get_origin

from chat.settings import Settings, SettingsError
from local_stack.options import ROOT
from local_stack.sam.template import FunctionSpec, ParameterSpec, Template

_OF_THE_SDK = "AWS_"
"""Excluded: the functions must not use the developer's own account."""


class InvalidSettingError(Exception):
    """An invalid setting; the message is one sentence."""


class FunctionSettings:
    """The settings of a template's functions."""

    def __init__(self, template: Template) -> None:
        self._template = template
        modules = {
            function.name: [module for folder in (function.code, *function.layers) for module in _modules(folder)]
            for function in template.functions
        }
        classes = {module: _classes(module) for found in modules.values() for module in found}
        # A base class is validated as part of its subclass.
        bases = {base for found in classes.values() for cls in found for base in cls.__mro__[1:]}
        self._classes = {
            name: [cls for module in found for cls in classes[module] if cls not in bases]
            for name, found in modules.items()
        }
        self._variables = frozenset(
            name
            for function in template.functions
            for name in (*function.environment, *(name for cls in self._classes[function.name] for name in _names(cls)))
            if not name.startswith(_OF_THE_SDK)
        )
        self._aliases = {_alias(parameter.name): name for name, parameter in template.parameters.items()}

    @property
    def names(self) -> frozenset[str]:
        """The names of all known settings."""
        return self._variables.union(self._aliases)

    def given(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The functions' variables that the environment sets; an empty one counts as unset.

        Raises:
            InvalidSettingError: the template does not allow the value.
        """
        given = {name: environ[name] for name in self._variables if environ.get(name)}
        for alias, variable in self._aliases.items():
            name = variable if variable in given else alias
            if environ.get(name):
                given[variable] = _allowed(name, environ[name], self._template.parameters[variable])
        return given

    def check(self, function: FunctionSpec, environ: Mapping[str, str]) -> None:
        """Validates a function's settings with its own `Settings` classes.

        Raises:
            InvalidSettingError: a setting is invalid.
        """
        for cls in self._classes[function.name]:
            try:
                cls.from_environ(environ)
            except SettingsError as error:
                problem = str(error).removeprefix(f"{cls.__name__}: ").removeprefix("settings: ")
                raise InvalidSettingError(f"{problem.replace('Value error, ', '')}.") from None


def _classes(module: str) -> list[type[Settings]]:
    found = vars(importlib.import_module(module)).values()
    return [cls for cls in found if isinstance(cls, type) and issubclass(cls, Settings) and cls.__module__ == module]


def _modules(folder: Path) -> Iterator[str]:
    """The modules named `settings` in those of the folder's packages that belong to this project."""
    for package in sorted(path.parent for path in folder.glob("*/__init__.py")):
        if _is_of_this_project(package.name):
            for file in sorted(package.rglob("settings.py")):
                yield ".".join(file.relative_to(folder).with_suffix("").parts)


def _is_of_this_project(package: str) -> bool:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return False
    origin = Path(spec.origin)
    return origin.is_relative_to(ROOT) and not origin.is_relative_to(sys.prefix)


def _names(cls: type[Settings]) -> Iterable[str]:
    """The variables of the class's fields; mapping fields are skipped, as they combine several variables."""
    return (name.upper() for name, field in cls.model_fields.items() if get_origin(field.annotation) is not Mapping)


def _alias(parameter: str) -> str:
    """A parameter's name as a variable: LOG_LEVEL for LogLevel."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", parameter).upper()


def _allowed(name: str, value: str, parameter: ParameterSpec) -> str:
    if not parameter.allowed_values:
        return value
    for one in parameter.allowed_values:
        if one.casefold() == value.casefold():
            return one
    raise InvalidSettingError(f"{name} must be one of {', '.join(parameter.allowed_values)}, not {value!r}.")
