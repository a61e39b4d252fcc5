"""Rights: what each function may do, and to what. As little as the calls that it makes."""

from collections.abc import Iterator, Mapping
from typing import Any

from artefacts.calls import CALLS
from artefacts.policies import Permission, listed, permissions
from template.checks.stack import Stack, reference

MANAGED_POLICIES = {
    "service-role/AWSLambdaBasicExecutionRole": "log lines; SAM attaches it to every function",
    "service-role/AWSLambdaVPCAccessExecutionRole": "network interfaces have no names in advance",
    "AWSXrayWriteOnlyAccess": "for `Tracing: Active`; X-Ray has no permissions for single resources",
    "service-role/AWSCodeDeployRoleForLambda": "made by SAM for gradual deployment",
}
"""AWS's own policies, and why they may be there, though their resources are wide."""

WILDCARDS: Mapping[tuple[str, str], str] = {
    ("DynamoEndpoint", "${SessionsTable.Arn}/index/*"): "the network's way to the table; who may go it, the roles say",
    ("DynamoEndpoint", "${ChatsTable.Arn}/index/*"): "likewise",
}
"""Resources with a `*` that a statement may allow, by the logical id of its policy, and why."""

_IN_VPC = "service-role/AWSLambdaVPCAccessExecutionRole"
_ONLY_BY_CODE = {"Null": {"lambda:SourceFunctionArn": "false"}}
"""Of a denial that is for the function's code and not for Lambda itself."""


def check_statements(stack: Stack) -> Iterator[str]:
    """Each statement of any policy names its actions and its resources."""
    for name, statement in _all_statements(stack):
        if "NotAction" in statement or "NotResource" in statement:
            yield f"{name}: a statement says what it leaves out: {statement}"
        if statement["Effect"] == "Deny":
            continue
        for action in listed(statement["Action"]):
            if action.partition(":")[2] == "Scan":
                yield f"{name} may scan"
            if "*" in action:
                yield f"{name} may do {action}"
        for resource in listed(statement.get("Resource", [])):
            text = str(resource.get("Fn::Sub", "")) if isinstance(resource, Mapping) else str(resource)
            if "*" in text and (name, text) not in WILDCARDS:
                yield f"{name}: a statement is about {text}"


def check_managed_policies(stack: Stack) -> Iterator[str]:
    """Of AWS's own policies those that have a reason; that for a VPC where one may be, and withheld from the code."""
    for name, role in stack.of_type("AWS::IAM::Role").items():
        attached = {str(arn).rpartition(":policy/")[2] for arn in role.get("ManagedPolicyArns", [])}
        yield from (f"{name} has {policy}" for policy in sorted(attached - MANAGED_POLICIES.keys()))
        functions = [item for item in stack.functions if _role_of(stack, item) == name]
        for function in functions:
            if (_IN_VPC in attached) != ("VpcConfig" in stack.functions[function]["Properties"]):
                yield f"{function}: the right to be in a VPC, and being there, go together"
            denied = any(item.get("Condition") == _ONLY_BY_CODE for item in stack.statements(function))
            if _IN_VPC in attached and not denied:
                yield f"{function}: the code may make network interfaces"


def check_roles(stack: Stack) -> Iterator[str]:
    """Each function has its own role, which only Lambda may assume."""
    roles = [_role_of(stack, name) for name in stack.functions]
    if len(set(roles)) != len(roles):
        yield f"functions share the roles {roles}"
    for name in stack.functions:
        for statement in stack.role(name)["AssumeRolePolicyDocument"]["Statement"]:
            if statement["Principal"] != {"Service": ["lambda.amazonaws.com"]}:
                yield f"the role of {name} may be taken by {statement['Principal']}"


def check_table_rights(stack: Stack) -> Iterator[str]:
    """Exactly the calls that the functions make (see `artefacts.calls`)."""
    for name in stack.functions:
        granted = {item for item in _granted(stack, name) if item.action.startswith("dynamodb:")}
        called = {
            Permission(f"dynamodb:{operation}", resource)
            for resource, operations in CALLS.get(name, {}).items()
            for operation in operations
        }
        yield from (f"{name} lacks {item.action} on {item.resource}" for item in sorted(called - granted, key=str))
        yield from (
            f"{name} never calls {item.action} on {item.resource}" for item in sorted(granted - called, key=str)
        )


def check_other_rights(stack: Stack) -> Iterator[str]:
    """Exactly what the configuration asks for: its secrets, its dead letters, the cache that it signs in to."""
    for name in stack.functions:
        granted = {item for item in _granted(stack, name) if not item.action.startswith("dynamodb:")}
        needed = {Permission("secretsmanager:GetSecretValue", secret) for secret in secrets_of(stack, name)}
        for config in stack.of_type("AWS::Lambda::EventInvokeConfig").values():
            queue = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
            if reference(config["FunctionName"]) == name and queue:
                needed.add(Permission("sqs:SendMessage", reference(queue) or ""))
        if "REDIS_IAM_USER" in stack.variables(name):
            kinds = ("AWS::ElastiCache::ServerlessCache", "AWS::ElastiCache::User")
            needed |= {Permission("elasticache:Connect", item) for kind in kinds for item in stack.of_type(kind)}
        if granted != needed:
            yield f"{name}: lacks {_shown(needed - granted)}, needs not {_shown(granted - needed)}"


def secrets_of(stack: Stack, function: str) -> set[str]:
    """The secrets that the function's environment names."""
    variables = stack.properties(function).get("Environment", {}).get("Variables", {})
    secrets = stack.of_type("AWS::SecretsManager::Secret")
    return {str(name) for value in variables.values() if (name := reference(value)) in secrets}


def _granted(stack: Stack, function: str) -> set[Permission]:
    return permissions(item for item in stack.statements(function) if item["Effect"] == "Allow")


def _all_statements(stack: Stack) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, resource in stack.resources.items():
        properties = resource.get("Properties", {})
        for policy in [*properties.get("Policies", []), properties]:
            if isinstance(policy, Mapping) and isinstance(document := policy.get("PolicyDocument"), Mapping):
                yield from ((name, statement) for statement in listed(document["Statement"]))


def _role_of(stack: Stack, function: str) -> str | None:
    return reference(stack.properties(function).get("Role"))


def _shown(items: set[Permission]) -> list[str]:
    return sorted(f"{item.action} on {item.resource}" for item in items)
