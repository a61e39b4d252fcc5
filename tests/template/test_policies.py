"""Least privilege: what each function may do, and to what."""

from typing import Any

import pytest

OWN_RESOURCES = {
    "AWS::DynamoDB::Table",
    "AWS::SecretsManager::Secret",
}
"""The kinds of resources that statements are about."""

MANAGED_POLICIES = {
    # Log lines; SAM attaches it to every function.
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    # For `Tracing: Active`: X-Ray has no permissions for single resources.
    "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.fixture
def role(resources: dict[str, dict[str, Any]], function: str) -> dict[str, Any]:
    name, attribute = resources[function]["Properties"]["Role"]["Fn::GetAtt"]
    assert attribute == "Arn"
    found: dict[str, Any] = resources[name]["Properties"]
    return found


@pytest.fixture
def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def target(resource: Any) -> str:
    """The logical id that a statement's resource names: `!Ref`, `!GetAtt X.Arn` or `!Sub ${X.Arn}/index/NAME`."""
    ((function, argument),) = resource.items()
    if function == "Fn::GetAtt":
        assert argument[1] == "Arn"
        return str(argument[0])
    if function == "Fn::Sub":
        table, index = argument.split(".Arn}/index/")
        assert index.isalpha()
        return str(table.removeprefix("${"))
    assert function == "Ref"
    return str(argument)


def test_actions_are_named_one_by_one(statements: list[dict[str, Any]]) -> None:
    for statement in statements:
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        assert not [action for action in listed(statement["Action"]) if "*" in action]


def test_nothing_is_scanned_and_no_table_changed(statements: list[dict[str, Any]]) -> None:
    reads_and_writes = {"BatchGetItem", "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"}
    actions = {action for statement in statements for action in listed(statement["Action"])}
    assert actions <= {f"dynamodb:{name}" for name in reads_and_writes} | {"secretsmanager:GetSecretValue"}


def test_resources_are_the_stacks_own(resources: dict[str, dict[str, Any]], statements: list[dict[str, Any]]) -> None:
    for statement in statements:
        assert "NotResource" not in statement
        for resource in listed(statement["Resource"]):
            assert resources[target(resource)]["Type"] in OWN_RESOURCES


def test_managed_policies_are_logs_and_traces(role: dict[str, Any]) -> None:
    assert set(role["ManagedPolicyArns"]) == MANAGED_POLICIES


def test_only_lambda_takes_the_role(role: dict[str, Any]) -> None:
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": ["lambda.amazonaws.com"]}


@pytest.mark.parametrize(
    ("name", "secrets"),
    [
        ("StartFunction", {"AuthSecret"}),
        ("StreamFunction", {"AuthSecret", "ProviderKeysSecret"}),
        ("HistoryFunction", {"AuthSecret"}),
    ],
)
def test_each_function_reads_its_own_secrets(
    resources: dict[str, dict[str, Any]], name: str, secrets: set[str]
) -> None:
    (policy,) = resources[f"{name}Role"]["Properties"]["Policies"]
    read = {
        target(resource)
        for statement in policy["PolicyDocument"]["Statement"]
        if "secretsmanager:GetSecretValue" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    assert read == secrets


def test_history_changes_no_chat(resources: dict[str, dict[str, Any]]) -> None:
    (policy,) = resources["HistoryFunctionRole"]["Properties"]["Policies"]
    actions = {
        action
        for statement in policy["PolicyDocument"]["Statement"]
        if "ChatsTable" in {target(resource) for resource in listed(statement["Resource"])}
        for action in listed(statement["Action"])
    }
    assert actions == {"dynamodb:BatchGetItem", "dynamodb:Query"}
