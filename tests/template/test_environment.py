"""The functions' environments and the settings classes that read them say the same."""

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

from artefacts.sam import ROOT
from chat.redis import RedisSettings
from chat.settings import Settings

READ_BY_OTHERS = {
    "AWS_LAMBDA_EXEC_WRAPPER",  # Lambda
    "POWERTOOLS_LOG_LEVEL",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_SERVICE_NAME",
}


OF_THE_LAYER: dict[str, list[type[Settings]]] = {
    "StartFunction": [RedisSettings],
    "StreamFunction": [RedisSettings],
    "CleanupFunction": [RedisSettings],
}
"""Settings that functions read beside their own."""


def settings_classes(function: str) -> list[type[Settings]]:
    """Every settings class that the function reads; each folder of its own package may have a `settings.py`."""
    source = ROOT / "functions" / function.removesuffix("Function").lower()
    found = []
    for file in source.rglob("settings.py"):
        name = ".".join(Path(file).relative_to(source).with_suffix("").parts)
        module = importlib.import_module(name)
        classes = (value for _, value in inspect.getmembers(module, inspect.isclass))
        found += [value for value in classes if issubclass(value, Settings) and value.__module__ == name]
    assert found, f"{function} has no settings"
    return found + OF_THE_LAYER.get(function, [])


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"JwtAlgorithm": "ES256", "JwksUrl": "https://login.example.com/jwks"},
        {"DefaultTier": "ENTERPRISE", "SystemPrompt": "Be brief."},
    ],
)
def test_settings_are_complete(
    variables: dict[str, dict[str, Any]], resolve: Any, function: str, parameters: dict[str, str]
) -> None:
    """What is required is there, and what the parameters allow is understood."""
    environ = {name: str(value) for name, value in resolve(variables[function], **parameters).items()}
    for settings in settings_classes(function):
        settings.from_environ(environ)


def test_every_variable_is_read(variables: dict[str, dict[str, Any]], function: str) -> None:
    read = {name.upper() for settings in settings_classes(function) for name in settings.model_fields}
    assert variables[function].keys() - read == READ_BY_OTHERS & variables[function].keys()


def test_default_prompt_is_that_of_the_settings(variables: dict[str, dict[str, Any]], resolve: Any) -> None:
    from chat_stream.settings import DEFAULT_SYSTEM_PROMPT

    assert resolve(variables["StreamFunction"]["SYSTEM_PROMPT"]) == DEFAULT_SYSTEM_PROMPT
