"""Secrets: in Secrets Manager alone, made by the stack, shown by ARN only."""

import json
from collections.abc import Iterator

from template.checks.access.policies import secrets_of
from template.checks.stack import Stack

_SECRET = "AWS::SecretsManager::Secret"
_VALUES = {"AUTH_SECRET", "REDIS_PASSWORD"}
_EMPTY = {"{}", "-"}
_SHORTEST_KEY = 32
"""Bytes, for HS256 (RFC 7518, section 3.2)."""


def check_secrets(stack: Stack) -> Iterator[str]:
    """No secret's value is in an environment, an output or a parameter, and each secret is used."""
    for name in stack.functions:
        written = stack.properties(name).get("Environment", {}).get("Variables", {})
        for variable, value in written.items():
            if variable in _VALUES or variable.endswith("_API_KEY"):
                yield f"{name}: {variable} is a secret"
            if _shows_a_value(value):
                yield f"{name}: {variable} shows a secret"
    yield from (f"the output {name} shows a secret" for name, item in stack.outputs.items() if _shows_a_value(item))
    read = {secret for name in stack.functions for secret in secrets_of(stack, name)}
    yield from (f"nobody reads {name}, which costs money" for name in sorted(stack.of_type(_SECRET).keys() - read))
    for name, parameter in stack.source["Parameters"].items():
        if "NoEcho" in parameter:
            yield f"the parameter {name} takes a secret"


def check_secret_values(stack: Stack) -> Iterator[str]:
    """Generated, or empty until the operator sets it: CloudFormation stores the values it is given."""
    for name, properties in stack.of_type(_SECRET).items():
        if "GenerateSecretString" in properties:
            generated = properties["GenerateSecretString"]
            if generated.get("PasswordLength", 0) < _SHORTEST_KEY:
                yield f"{name} is too short a key"
            if generated.get("GenerateStringKey") != "current" or generated.get("SecretStringTemplate") != "{}":
                yield f"{name}: no key is under 'current'"
        elif properties.get("SecretString") not in _EMPTY:
            yield f"{name} is told to CloudFormation"


def _shows_a_value(part: object) -> bool:
    text = json.dumps(part)
    return "{{resolve:" in text or "SecretString" in text
