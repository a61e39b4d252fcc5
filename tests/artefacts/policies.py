"""Evaluates the template's policies, and lists the permissions that a call to DynamoDB or Secrets Manager needs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_OF_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
"""A transaction needs its items' permissions (docs.aws.amazon.com, "Using IAM with DynamoDB transactions")."""


@dataclass(frozen=True, slots=True)
class Permission:
    """An action on a resource of the stack: its logical id, or `Table/index/Name`."""

    action: str
    resource: str


def permissions(statements: Iterable[Mapping[str, Any]]) -> set[Permission]:
    """What the statements allow."""
    return {
        Permission(action, target(resource))
        for statement in statements
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


def listed(value: Any) -> list[Any]:
    """A policy may leave out the brackets around a single value."""
    return value if isinstance(value, list) else [value]


def target(resource: Mapping[str, Any] | str) -> str:
    """What `!Ref X`, `!GetAtt X.Arn` or `!Sub ${X.Arn}/index/NAME` names, or a text; anything else is an error."""
    if isinstance(resource, str):
        return resource
    ((function, argument),) = resource.items()
    if function == "Ref":
        return str(argument)
    if function == "Fn::GetAtt":
        name, attribute = argument
        assert attribute.upper() == "ARN"
        return str(name)
    assert function == "Fn::Sub"
    table, index = argument.split(".Arn}/index/")
    assert index.isalpha()
    return f"{table.removeprefix('${')}/index/{index}"


def asked(operation: str, request: Mapping[str, Any]) -> Iterator[Permission]:
    """What a caller of the operation must be allowed; tables and secrets are named by their logical ids here."""
    if "SecretId" in request:
        yield Permission(f"secretsmanager:{operation}", request["SecretId"])
        return
    if operation in {"TransactWriteItems", "TransactGetItems"}:
        for item in request["TransactItems"]:
            ((kind, parameters),) = item.items()
            yield Permission(f"dynamodb:{_OF_TRANSACTION[kind]}", parameters["TableName"])
    elif "RequestItems" in request:
        for table in request["RequestItems"]:
            yield Permission(f"dynamodb:{operation}", table)
    else:
        index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
        yield Permission(f"dynamodb:{operation}", request["TableName"] + index)
