"""The functions' environments and the code that reads them say the same."""

import asyncio
import importlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, override
from unittest.mock import patch

from local_stack.emulator.launch import FAKE_CREDENTIALS
from template.checks.stack import Stack, reference

READ_BY_OTHERS = {
    "AWS_LAMBDA_EXEC_WRAPPER": "Lambda",
    "LAMBDA_ASGI_EXTENSION": "lambda_asgi",
    "POWERTOOLS_LOG_LEVEL": "Powertools",
    "POWERTOOLS_METRICS_NAMESPACE": "Powertools",
    "POWERTOOLS_SERVICE_NAME": "Powertools",
}
NAMED_OTHERWISE = {
    "POWERTOOLS_LOG_LEVEL": "LogLevel",
    "REDIS_CACHE_NAME": "Cache",
    "REDIS_IAM_USER": "CacheUser",
    "REDIS_URL_SECRET_ARN": "RedisSecret",
}
NOT_TOLD = {
    ("CleanupFunction", "DEFAULT_TIER"): "it meets no user",
    ("CleanupFunction", "CACHE_SCOPE"): "it gives nobody an answer",
    ("StartFunction", "CACHE_SCOPE"): "it gives nobody an answer",
}
LAMBDAS_BYTES = 4096
"""Of names and values together."""

type Environ = tuple[tuple[str, str], ...]


def check_settings(stack: Stack) -> Iterator[str]:
    """What the settings require is there, and what the parameters allow is understood."""
    for name in stack.functions:
        _, problem = _composed(_package(stack, name), tuple(sorted(stack.variables(name).items())))
        if problem is not None:
            yield f"{name}: {problem}"


def check_variables(stack: Stack) -> Iterator[str]:
    """Every variable is read by its function, and every function has its service name."""
    for name in stack.functions:
        variables = stack.variables(name)
        read, _ = _composed(_package(stack, name), tuple(sorted(variables.items())))
        unread = variables.keys() - read - READ_BY_OTHERS.keys()
        yield from (f"{name}: nobody reads {variable}" for variable in sorted(unread))
        service = f"chat-{name.removesuffix('Function').lower()}"
        if variables.get("POWERTOOLS_SERVICE_NAME") != service:
            yield f"{name} calls itself {variables.get('POWERTOOLS_SERVICE_NAME')}, not {service}"


def check_equal_variables(stack: Stack) -> Iterator[str]:
    """A variable of one function that another also reads is set for both."""
    told = {variable for name in stack.functions for variable in stack.variables(name)}
    for name in stack.functions:
        variables = stack.variables(name)
        read, _ = _composed(_package(stack, name), tuple(sorted(variables.items())))
        for variable in sorted((read & told) - variables.keys()):
            if (name, variable) not in NOT_TOLD:
                yield f"{name} is not told {variable}"


def check_references(stack: Stack) -> Iterator[str]:
    """A variable has the name of what it is about: SESSIONS_TABLE of SessionsTable, JWT_ISSUER of JwtIssuer."""
    for name in stack.functions:
        for variable, value in stack.written_variables(name).items():
            about = reference(value)
            named = about and re.sub(r"(?<=.)([A-Z])", r"_\1", about).upper()
            if about != NAMED_OTHERWISE.get(variable, about) or (
                variable not in NAMED_OTHERWISE and named not in {None, variable.removesuffix("_ARN")}
            ):
                yield f"{name}: {variable} is {about}"
        namespace = stack.written_variables(name).get("POWERTOOLS_METRICS_NAMESPACE")
        if "AWS::StackName" not in json.dumps(namespace):
            yield f"{name}: the metrics of all stacks are in {namespace}"


def check_environment_sizes(stack: Stack) -> Iterator[str]:
    """The longest texts that the parameters allow fit Lambda's environment."""
    parameters = stack.source["Parameters"]
    for name in stack.functions:
        longest = sum(len(key) + _longest(value, parameters) for key, value in stack.written_variables(name).items())
        if longest > LAMBDAS_BYTES:
            yield f"{name}: {longest} bytes of environment, where Lambda takes {LAMBDAS_BYTES}"


_NAME_BYTES = 128
"""Of a resource's name or ARN, or of the stack's name with a few words."""


def _longest(value: Any, parameters: Mapping[str, Any]) -> int:
    if not isinstance(value, dict):
        return len(str(value))
    parameter = parameters.get(value.get("Ref", ""), {})
    if "AllowedValues" in parameter:
        return max(len(str(allowed)) for allowed in parameter["AllowedValues"])
    return int(parameter.get("MaxLength", _NAME_BYTES))


class _Recorded(dict[str, str]):
    """An environ that knows which of its variables were asked for by name."""

    def __init__(self, values: Environ) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    @override
    def get(self, key: str, default: Any = None) -> Any:
        self.read.add(key)
        return super().get(key, default)

    @override
    def __getitem__(self, key: str) -> str:
        self.read.add(key)
        return super().__getitem__(key)


@cache
def _composed(package: str, values: Environ) -> tuple[frozenset[str], str | None]:
    """The variables that the function reads when it starts, and what it says if it does not start."""
    environ = _Recorded(values)
    problem = None
    try:
        with patch.dict(os.environ, FAKE_CREDENTIALS):
            composition = importlib.import_module(f"{package}.composition").compose(environ)
            if hasattr(composition, "close"):
                asyncio.run(composition.close())
    except Exception as error:  # noqa: BLE001  # any error keeps the function from starting
        problem = f"{type(error).__name__}: {error}"
    return frozenset(environ.read), problem


def _package(stack: Stack, function: str) -> str:
    return str(stack.properties(function)["Handler"]).partition(".")[0]
