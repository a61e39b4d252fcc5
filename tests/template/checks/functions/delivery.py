"""Delivery: in production a new version gets its traffic bit by bit, and loses it when an alarm rings."""

from collections.abc import Iterator

from template.checks.stack import Stack, reference

_GROUP = "AWS::CodeDeploy::DeploymentGroup"
_AT_ONCE = "CodeDeployDefault.LambdaAllAtOnce"


def check_deployment(stack: Stack) -> Iterator[str]:
    """Gradual in production, with alarms; at once elsewhere."""
    production = stack.value({"Ref": "Environment"}) == "prod"
    groups = stack.of_type(_GROUP)
    for name in stack.functions:
        updates = [
            resource.get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate", {})
            for resource in stack.resources.values()
            if resource["Type"] == "AWS::Lambda::Alias" and reference(resource["Properties"]["FunctionName"]) == name
        ]
        group = groups.get(reference(updates[0].get("DeploymentGroupName")) or "") if updates else None
        config = stack.value(group["DeploymentConfigName"]) if group else _AT_ONCE
        if production == (config == _AT_ONCE):
            yield f"{name} is deployed by {config}"
        alarms = [reference(item["Name"]) for item in (group or {}).get("AlarmConfiguration", {}).get("Alarms", [])]
        if production and (not alarms or not all(item in stack.of_type("AWS::CloudWatch::Alarm") for item in alarms)):
            yield f"{name}: a deployment is rolled back on the alarms {alarms}"


def check_reserved_concurrency(stack: Stack) -> Iterator[str]:
    """Off unless asked for: it would take from all other functions of the account."""
    for name in stack.functions:
        asked = stack.parameters.get(f"{name.removesuffix('Function')}ReservedConcurrency")
        reserved = stack.properties(name).get("ReservedConcurrentExecutions")
        if (None if reserved is None else str(reserved)) != asked:
            yield f"{name} reserves {reserved}, and {asked} was asked for"
