"""Loads CloudFormation templates (YAML with short tags) and resolves intrinsic functions that need no account.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"

_PSEUDO_PARAMETERS: dict[str, Any] = {
    "AWS::AccountId": ACCOUNT_ID,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/local/00000000-0000-0000-0000-000000000000",
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
}


class TemplateError(Exception):
    """An unreadable or invalid template; the message is one sentence that names the place."""


class _NoValue:
    """The value of ``AWS::NoValue``: the property is omitted."""


_NO_VALUE = _NoValue()


class _Loader(yaml.SafeLoader):
    """A YAML loader that expands CloudFormation's short tags."""


def _construct_tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if name == "Fn::GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _construct_tag)


def load(path: Path) -> dict[str, Any]:
    """Loads the template document without resolving references.

    Raises:
        TemplateError: the file cannot be read or is not a template.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  # a SafeLoader
    except OSError as error:
        raise TemplateError(f"{path} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise TemplateError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError(f"{path} has no Resources.")
    return document


class Resolver:
    """Resolves references, with the parameters' default values.

    A resource's ``Ref`` is its name property or its logical id; attributes have fake but stable values.
    """

    def __init__(self, document: Mapping[str, Any], parameters: Mapping[str, str] | None = None) -> None:
        """`parameters` override the defaults; a parameter without either is the empty string."""
        self._resources: Mapping[str, Any] = document["Resources"]
        self._conditions: Mapping[str, Any] = document.get("Conditions") or {}
        self._mappings: Mapping[str, Any] = document.get("Mappings") or {}
        self._values = dict(_PSEUDO_PARAMETERS)
        for name, parameter in (document.get("Parameters") or {}).items():
            value = (parameters or {}).get(name, parameter.get("Default", ""))
            is_list = "List" in str(parameter.get("Type", "String"))
            self._values[name] = [item.strip() for item in str(value).split(",")] if is_list else value
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self._condition,
            "Fn::And": lambda items: all(self.resolve(item) for item in items),
            "Fn::Cidr": self._cidr,
            "Fn::Equals": lambda items: _text(self.resolve(items[0])) == _text(self.resolve(items[1])),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._attribute,
            "Fn::GetAZs": lambda region: [f"{self.resolve(region) or REGION}{letter}" for letter in "abc"],
            "Fn::If": self._if,
            "Fn::Join": lambda items: _text(items[0]).join(map(_text, self.resolve(items[1]))),
            "Fn::Not": lambda items: not self.resolve(items[0]),
            "Fn::Or": lambda items: any(self.resolve(item) for item in items),
            "Fn::Select": lambda items: self.resolve(items[1])[int(self.resolve(items[0]))],
            "Fn::Split": lambda items: _text(self.resolve(items[1])).split(items[0]),
            "Fn::Sub": self._substitute,
        }

    def resolve(self, value: Any) -> Any:
        """The value with all references resolved.

        Raises:
            TemplateError: an unknown name or an unsupported intrinsic function.
        """
        if isinstance(value, dict):
            if len(value) == 1:
                ((name, argument),) = value.items()
                if name in self._functions:
                    return self._functions[name](argument)
                if str(name).startswith("Fn::"):
                    raise TemplateError(f"{name} is not supported by the local stack.")
            return {
                key: resolved for key, item in value.items() if not isinstance(resolved := self.resolve(item), _NoValue)
            }
        if isinstance(value, list):
            return [resolved for item in value if not isinstance(resolved := self.resolve(item), _NoValue)]
        return value

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self._values:
            return self._values[name]
        if name not in self._resources:
            raise TemplateError(f"Ref to {name}, which is neither a parameter nor a resource.")
        properties = self._resources[name].get("Properties") or {}
        for key in ("TableName", "FunctionName"):
            if key in properties:
                return self.resolve(properties[key])
        return name

    def _attribute(self, path: list[str]) -> str:
        name, attribute = path[0], self.resolve(path[1])
        if attribute.upper().endswith("ARN"):
            return f"arn:aws:local:{REGION}:{ACCOUNT_ID}:{name}"
        if attribute.endswith(".Port"):
            return "6379"
        return f"{name}.{attribute}"

    def _condition(self, name: str) -> bool:
        if name not in self._conditions:
            raise TemplateError(f"The condition {name} is not in the template.")
        return bool(self.resolve(self._conditions[name]))

    def _if(self, items: list[Any]) -> Any:
        return self.resolve(items[1] if self._condition(items[0]) else items[2])

    def _cidr(self, items: list[Any]) -> list[str]:
        block, count, bits = (self.resolve(item) for item in items)
        subnets = ip_network(block).subnets(new_prefix=32 - int(bits))
        return [str(subnet) for subnet in islice(subnets, int(count))]

    def _find_in_map(self, items: list[Any]) -> Any:
        table, first, second = (self.resolve(item) for item in items[:3])
        return self.resolve(self._mappings[table][first][second])

    def _substitute(self, argument: Any) -> str:
        text, local = (argument, {}) if isinstance(argument, str) else argument
        variables = self.resolve(local)

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in variables:
                return _text(variables[name])
            resource, dot, attribute = name.partition(".")
            return _text(self._attribute([resource, attribute]) if dot else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)


def _text(value: Any) -> str:
    """Formats a scalar as CloudFormation does within strings."""
    return str(value).lower() if isinstance(value, bool) else str(value)
