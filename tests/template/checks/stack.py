"""A template with its parameters' values, as the checks see it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from artefacts.transformed import ISSUER, transform
from local_stack.sam.cloudformation import Resolver

type Resource = Mapping[str, Any]
type Check = Callable[["Stack"], Iterator[str]]

FUNCTION = "AWS::Serverless::Function"
_OMITTED = {"Ref": "AWS::NoValue"}
_PORT = re.compile(r"\b\w+\.Endpoint\.Port\b")
"""An attribute that must be a number; resolved it is a text like any other."""


@dataclass(frozen=True)
class Stack:
    """`source` is the template as written, with long tags; `parameters` stand in the place of their defaults.

    `made` is what SAM makes of it, where that is known already.
    """

    source: Mapping[str, Any]
    parameters: Mapping[str, str]
    made: Mapping[str, Any] | None = None

    @cached_property
    def transformed(self) -> Mapping[str, Any]:
        """What SAM makes of it."""
        return transform(self.source, self.parameters) if self.made is None else self.made

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """The resources that would be made: conditions are decided, parameters are values, references stay."""
        return {
            name: self._decided(resource)
            for name, resource in self.transformed["Resources"].items()
            if "Condition" not in resource or self._holds(resource["Condition"])
        }

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """The outputs that would be shown."""
        return {
            name: self._decided(output)
            for name, output in self.transformed.get("Outputs", {}).items()
            if "Condition" not in output or self._holds(output["Condition"])
        }

    @cached_property
    def functions(self) -> dict[str, Resource]:
        """The functions, as written."""
        return {name: item for name, item in self.source["Resources"].items() if item["Type"] == FUNCTION}

    def of_type(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """The properties of the resources of a CloudFormation type, by logical id."""
        return {name: item.get("Properties", {}) for name, item in self.resources.items() if item["Type"] == kind}

    def properties(self, name: str) -> Mapping[str, Any]:
        """Of one resource."""
        found: Mapping[str, Any] = self.resources[name]["Properties"]
        return found

    def value(self, part: Any) -> Any:
        """The part with everything resolved; a resource's `Ref` is its logical id."""
        return self._resolver.resolve(part)

    def variables(self, function: str) -> dict[str, str]:
        """The function's environment as it will read it."""
        resolved = self.value(self.properties(function).get("Environment", {}).get("Variables", {}))
        return {name: _PORT.sub("6379", str(value)) for name, value in resolved.items()}

    def written_variables(self, function: str) -> dict[str, Any]:
        """The function's environment with its references, parameters' too."""
        variables = self.transformed["Resources"][function]["Properties"].get("Environment", {}).get("Variables", {})
        return {name: chosen for name, value in variables.items() if (chosen := self._chosen(value)) != _OMITTED}

    def statements(self, function: str) -> list[Mapping[str, Any]]:
        """All statements of the policies of the function's role, whether they stand in it or are attached to it."""
        role = self.properties(function)["Role"]
        policies = [
            *self.role(function).get("Policies", []),
            *(
                policy
                for policy in self.of_type("AWS::IAM::Policy").values()
                if any(reference(item) == reference(role) for item in policy["Roles"])
            ),
        ]
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    def role(self, function: str) -> Mapping[str, Any]:
        """What the function may do."""
        return self.properties(self.properties(function)["Role"]["Fn::GetAtt"][0])

    @cached_property
    def _resolver(self) -> Resolver:
        return Resolver(self.transformed, {"JwtIssuer": ISSUER, **self.parameters})

    def _holds(self, condition: str) -> bool:
        return bool(self._resolver.resolve({"Condition": condition}))

    def _decided(self, part: Any) -> Any:
        if isinstance(part, list):
            return [self._decided(item) for item in part if self._chosen(item) != _OMITTED]
        chosen = self._chosen(part)
        if not isinstance(chosen, dict):
            return self._decided(chosen) if isinstance(chosen, list) else chosen
        if len(chosen) == 1 and chosen.get("Ref") in self.transformed["Parameters"]:
            return self._resolver.resolve(chosen)
        return {key: self._decided(item) for key, item in chosen.items() if self._chosen(item) != _OMITTED}

    def _chosen(self, part: Any) -> Any:
        while isinstance(part, dict) and part.keys() == {"Fn::If"}:
            condition, yes, no = part["Fn::If"]
            part = yes if self._holds(condition) else no
        return part


def reference(part: Any) -> str | None:
    """The logical id that `!Ref X` or `!GetAtt X.Something` names; None for anything else."""
    if not isinstance(part, dict) or len(part) != 1:
        return None
    ((function, argument),) = part.items()
    if function == "Ref":
        return str(argument)
    if function == "Fn::GetAtt":
        return str(argument[0] if isinstance(argument, list) else argument.partition(".")[0])
    return None
