"""The parameters: what must be given, what is refused before anything is made."""

import re
from typing import Any

import pytest

from chat_stream.settings import DEFAULT_SYSTEM_PROMPT
from local_stack.sam.cloudformation import Resolver
from template.checks.functions.configuration import LAMBDAS_LONGEST_SECONDS


@pytest.fixture
def parameters(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = template["Parameters"]
    return found


def test_each_parameter_is_described_bounded_and_in_a_group(
    template: dict[str, Any], parameters: dict[str, dict[str, Any]]
) -> None:
    bounds = {"AllowedPattern", "AllowedValues", "MinValue", "MaxLength"}
    for name, parameter in parameters.items():
        assert parameter["Description"], name
        assert bounds & parameter.keys(), name
        assert ("AllowedPattern" in parameter) == ("ConstraintDescription" in parameter), name
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(parameters)


def test_only_the_issuer_must_be_given(parameters: dict[str, dict[str, Any]]) -> None:
    assert [name for name, parameter in parameters.items() if "Default" not in parameter] == ["JwtIssuer"]


def test_defaults_satisfy_their_own_bounds(parameters: dict[str, dict[str, Any]]) -> None:
    for name, parameter in parameters.items():
        if "Default" not in parameter:
            continue
        default = parameter["Default"]
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), str(default)), name
        assert default in parameter.get("AllowedValues", [default]), name
        if parameter["Type"] == "Number":
            assert parameter.get("MinValue", default) <= default <= parameter.get("MaxValue", default), name


@pytest.mark.parametrize(
    ("algorithm", "url", "accepted"),
    [
        ("HS256", "", True),
        ("RS256", "https://login.example.com/jwks", True),
        ("ES256", "https://login.example.com/jwks", True),
        ("HS256", "https://login.example.com/jwks", False),
        ("RS256", "", False),
        ("ES256", "", False),
    ],
)
def test_keys_must_match_the_algorithm(template: dict[str, Any], algorithm: str, url: str, accepted: bool) -> None:
    (assertion,) = template["Rules"]["KeysMatchTheAlgorithm"]["Assertions"]
    resolver = Resolver(template, {"JwtAlgorithm": algorithm, "JwksUrl": url})
    assert resolver.resolve(assertion["Assert"]) is accepted
    assert assertion["AssertDescription"]


@pytest.mark.parametrize("url", ["http://login.example.com/jwks", "login.example.com", "https:// x"])
def test_keys_come_over_https(parameters: dict[str, dict[str, Any]], url: str) -> None:
    assert not re.fullmatch(parameters["JwksUrl"]["AllowedPattern"], url)


def test_default_prompt_is_that_of_the_settings(parameters: dict[str, dict[str, Any]]) -> None:
    assert parameters["SystemPrompt"]["Default"] == DEFAULT_SYSTEM_PROMPT


def test_processor_is_arm64_by_default(parameters: dict[str, dict[str, Any]]) -> None:
    assert parameters["Architecture"]["Default"] == "arm64"


def test_stream_may_last_as_long_as_lambda_allows(parameters: dict[str, dict[str, Any]]) -> None:
    assert parameters["StreamTimeout"]["MaxValue"] == LAMBDAS_LONGEST_SECONDS
