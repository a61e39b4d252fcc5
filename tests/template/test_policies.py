"""Least privilege: what each function may do, and to what."""

from typing import Any

import pytest

from artefacts.policies import listed, permissions, statements, target

OWN_RESOURCES = {
    "AWS::DynamoDB::Table",
    "AWS::SecretsManager::Secret",
    "AWS::SQS::Queue",
}
"""The kinds of resources that statements are about."""

MANAGED_POLICIES = {
    # Log lines; SAM attaches it to every function.
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    # For `Tracing: Active`: X-Ray has no permissions for single resources.
    "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
}


@pytest.fixture
def role(resources: dict[str, dict[str, Any]], function: str) -> dict[str, Any]:
    name, attribute = resources[function]["Properties"]["Role"]["Fn::GetAtt"]
    assert attribute == "Arn"
    found: dict[str, Any] = resources[name]["Properties"]
    return found


def test_actions_are_named_one_by_one(role: dict[str, Any]) -> None:
    assert statements(role)
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        assert not [action for action in listed(statement["Action"]) if "*" in action]


def test_nothing_is_scanned_and_no_table_changed(role: dict[str, Any]) -> None:
    reads_and_writes = {"BatchGetItem", "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"}
    actions = {permission.action for permission in permissions(role)}
    others = {"secretsmanager:GetSecretValue", "sqs:SendMessage"}
    assert actions <= {f"dynamodb:{name}" for name in reads_and_writes} | others


def test_resources_are_the_stacks_own(resources: dict[str, dict[str, Any]], role: dict[str, Any]) -> None:
    for statement in statements(role):
        assert "NotResource" not in statement
        for resource in listed(statement["Resource"]):
            assert resources[target(resource).partition("/")[0]]["Type"] in OWN_RESOURCES


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
    granted = permissions(resources[f"{name}Role"]["Properties"])
    assert {item.resource for item in granted if item.action == "secretsmanager:GetSecretValue"} == secrets


def test_history_changes_no_chat(resources: dict[str, dict[str, Any]]) -> None:
    granted = permissions(resources["HistoryFunctionRole"]["Properties"])
    actions = {item.action for item in granted if item.resource == "ChatsTable"}
    assert actions == {"dynamodb:BatchGetItem", "dynamodb:Query"}
