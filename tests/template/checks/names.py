"""Names: two stacks live in one account, so each name is CloudFormation's choice, or made from the stack's."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from template.checks.stack import Stack

ALSO_UNIQUE = {
    "AWS::EC2::SecurityGroup": "GroupName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::QueryDefinition": "Name",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
}
"""Names that must be unique, or that people tell the stacks apart by, though they are no identifier in the schema."""

_PROPERTIES = "/properties/"


def check_names(stack: Stack) -> Iterator[str]:
    """No resource has a fixed name."""
    for logical_id, resource in stack.resources.items():
        properties = resource.get("Properties", {})
        for names in names_of(resource["Type"]):
            given = {name: properties[name] for name in names if name in properties}
            if given and not _differs_by_stack(given):
                yield f"{logical_id}: in every stack {given}"


def check_schedule_names(stack: Stack) -> Iterator[str]:
    """The schedule's name is CloudFormation's (`OmitName`), where SAM would write one without the stack in it."""
    for name, function in stack.functions.items():
        for key, event in function["Properties"].get("Events", {}).items():
            if event["Type"] == "ScheduleV2" and event["Properties"].get("OmitName") is not True:
                yield f"{name}: the schedule {key} has a fixed name"


@cache
def names_of(kind: str) -> tuple[frozenset[str], ...]:
    """The properties of a resource type that name it together: its identifiers, unless AWS alone sets them."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    own = set(schema.get("primaryIdentifier", [])) - set(schema.get("readOnlyProperties", []))
    also = {ALSO_UNIQUE[kind]} if kind in ALSO_UNIQUE else set()
    return tuple(frozenset(names) for names in ({name.removeprefix(_PROPERTIES) for name in own}, also) if names)


def _differs_by_stack(given: Mapping[str, Any]) -> bool:
    text = json.dumps(given)
    return "AWS::Stack" in text or '{"Ref": "' in text or "Fn::GetAtt" in text
