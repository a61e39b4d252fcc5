"""How a change reaches the callers: new versions behind the alias, at the right moments; and whom it belongs to."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from artefacts.sam import ROOT
from artefacts.transformed import source_template, transformed_template
from template.checks.stack import Stack, reference

NOT_OF_A_VERSION = {"Tags", "ReservedConcurrentExecutions", "Description"}
"""Properties that Lambda applies to a function independently of its versions."""
OF_THE_NETWORK = {"VpcCidr", "Zones"}
"""Parameters that decide which subnets there are, and with that the functions' properties."""
ROLLED_BACK_ON = {name: f"{name}ErrorsAlarm" for name in ("Start", "Stream", "History", "Cleanup")}

_SUBSTITUTED = re.compile(r"\$\{([A-Za-z0-9]+)\}")


def parameters_in(part: Any) -> Iterator[str]:
    """The parameters that a part of the template depends on, also by its conditions."""
    template = transformed_template()
    if isinstance(part, list):
        for item in part:
            yield from parameters_in(item)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "Ref" and value in template["Parameters"]:
                yield value
            elif key == "Fn::If":
                yield from parameters_in(template["Conditions"][value[0]])
                yield from parameters_in(value[1:])
            elif key == "Condition" and isinstance(value, str):
                yield from parameters_in(template["Conditions"][value])
            else:
                yield from parameters_in(value)
    elif isinstance(part, str):
        yield from (name for name in _SUBSTITUTED.findall(part) if name in template["Parameters"])


@pytest.fixture
def functions() -> dict[str, dict[str, Any]]:
    resources = transformed_template()["Resources"]
    return {name: item["Properties"] for name, item in resources.items() if item["Type"] == "AWS::Lambda::Function"}


def test_configuration_names_each_parameter_that_decides_a_version(functions: dict[str, dict[str, Any]]) -> None:
    """One that it lacked would be changed, and never reach the alias."""
    deciding = {
        parameter
        for properties in functions.values()
        for name, value in properties.items()
        if name not in NOT_OF_A_VERSION
        for parameter in parameters_in(value)
    }
    content = Stack(source_template(), {}).transformed["Resources"]["Configuration"]["Properties"]["Content"]
    assert set(parameters_in(content)) == deciding | OF_THE_NETWORK


def test_configuration_differs_with_each_parameter() -> None:
    def content(**parameters: str) -> Any:
        stack = Stack(source_template(), parameters)
        return stack.value(stack.properties("Configuration")["Content"])

    names = set(parameters_in(transformed_template()["Resources"]["Configuration"]["Properties"]["Content"]))
    assert len({content()} | {content(**{name: "another"}) for name in names}) == len(names) + 1


def test_another_configuration_is_another_version_of_each_function(functions: dict[str, dict[str, Any]]) -> None:
    """A changed description creates a version, and Lambda publishes one only if the function has changed."""
    number = "${Configuration.VersionNumber}"
    resources = transformed_template()["Resources"]
    described = {
        reference(item["Properties"]["FunctionName"]): item["Properties"]["Description"]["Fn::Sub"]
        for item in resources.values()
        if item["Type"] == "AWS::Lambda::Version"
    }
    assert described.keys() == functions.keys()
    assert all(number in text for text in described.values())
    assert all(number in properties["Description"]["Fn::Sub"] for properties in functions.values())
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-central-1", "AWS::Lambda::Version").schema
    assert "/properties/Description" in schema["createOnlyProperties"]


def test_another_layer_is_another_version() -> None:
    assert source_template()["Resources"]["CommonLayer"]["Properties"]["PublishLambdaVersion"] is True


@pytest.mark.parametrize(
    ("environment", "way"), [("dev", "LambdaAllAtOnce"), ("prod", "LambdaCanary10Percent5Minutes")]
)
def test_each_function_is_rolled_back_on_its_own_errors(environment: str, way: str) -> None:
    stack = Stack(source_template(), {"Environment": environment})
    for name, alarm in ROLLED_BACK_ON.items():
        group = stack.properties(f"{name}FunctionDeploymentGroup")
        assert stack.value(group["DeploymentConfigName"]) == f"CodeDeployDefault.{way}"
        assert [reference(item["Name"]) for item in group["AlarmConfiguration"]["Alarms"]] == [alarm]
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        assert alarm in stack.resources


@pytest.mark.parametrize(("asked", "applied"), [("on", "PublishedVersions"), ("off", "None")])
def test_start_and_history_have_snapstart_if_asked(asked: str, applied: str) -> None:
    stack = Stack(source_template(), {"SnapStart": asked})
    with_snapstart = {name: stack.properties(name).get("SnapStart") for name in stack.functions}
    assert with_snapstart == {
        "StartFunction": {"ApplyOn": applied},
        "StreamFunction": None,
        "HistoryFunction": {"ApplyOn": applied},
        "CleanupFunction": None,
    }


def test_old_versions_go_unless_they_may_still_stream() -> None:
    """A snapshot is paid for as long as its version is there."""
    versions = [item for item in transformed_template()["Resources"].values() if item["Type"] == "AWS::Lambda::Version"]
    assert {reference(item["Properties"]["FunctionName"]): item["DeletionPolicy"] for item in versions} == {
        "StartFunction": "Delete",
        "StreamFunction": "Retain",
        "HistoryFunction": "Delete",
        "CleanupFunction": "Delete",
    }


@pytest.mark.parametrize("mode", ["none", "external", "elasticache"])
def test_everything_that_can_have_tags_says_project_and_environment(mode: str) -> None:
    stack = Stack(source_template(), {"CacheMode": mode, "NatPerZone": "true", "Environment": "prod", "Project": "p"})
    wanted = [{"Key": "Project", "Value": "p"}, {"Key": "Environment", "Value": "prod"}]
    lacking = {}
    for name, resource in stack.resources.items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
        if schema.get("tagging", {}).get("taggable", "Tags" in schema["properties"]):
            key = schema.get("tagging", {}).get("tagProperty", "/properties/Tags").removeprefix("/properties/")
            tags = resource.get("Properties", {}).get(key, [])
            if not all(tag in tags for tag in wanted):
                lacking[name] = tags
    assert lacking == {}


@pytest.fixture
def environments() -> dict[str, dict[str, Any]]:
    """samconfig.toml's."""
    document = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    return {name: section for name, section in document.items() if isinstance(section, dict)}


def test_sam_has_settings_for_each_environment(environments: dict[str, dict[str, Any]]) -> None:
    assert environments.keys() == {"default", "dev", "prod"}
    builds = [section["build"]["parameters"] for section in environments.values()]
    assert builds == [builds[0]] * len(builds)
    names = [section["deploy"]["parameters"].get("stack_name") for section in environments.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["default", "dev", "prod"])
def test_sams_settings_fit_the_template(environments: dict[str, dict[str, Any]], name: str) -> None:
    deploy = environments[name]["deploy"]["parameters"]
    assert deploy["capabilities"] == "CAPABILITY_IAM"
    given = dict(item.split("=", 1) for item in deploy.get("parameter_overrides", []))
    parameters = source_template()["Parameters"]
    assert given.get("Environment", parameters["Environment"]["Default"]) == ("prod" if name == "prod" else "dev")
    for parameter, value in given.items():
        assert value in map(str, parameters[parameter].get("AllowedValues", [value])), parameter
    tags = dict(item.split("=", 1) for item in deploy["tags"].split())
    assert tags == {"Project": parameters["Project"]["Default"], "Environment": "prod" if name == "prod" else "dev"}
