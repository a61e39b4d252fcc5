"""What must hold of a template: functions that take a stack and give one sentence for each thing that is wrong.

They know nothing of pytest and read no file but the functions' sources, so that they judge any template given as data.
"""

import importlib
import inspect
from collections.abc import Mapping

from template.checks.stack import Check

_MODULES = (
    "access.network",
    "access.policies",
    "access.secrets",
    "access.urls",
    "data.keys",
    "data.tables",
    "functions.configuration",
    "functions.delivery",
    "functions.environment",
    "lint",
    "names",
    "operations.monitoring",
    "operations.schedules",
)


def _all_checks() -> dict[str, Check]:
    found: dict[str, Check] = {}
    for name in _MODULES:
        module = importlib.import_module(f"{__name__}.{name}")
        for key, function in inspect.getmembers(module, inspect.isfunction):
            if key.startswith("check_") and function.__module__ == module.__name__:
                found[key.removeprefix("check_")] = function
    return found


CHECKS: Mapping[str, Check] = _all_checks()
"""By name."""
