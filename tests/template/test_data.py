"""Tables, secrets, names and outputs in the transformed template."""

import json
from typing import Any

import pytest

type Resources = dict[str, dict[str, Any]]

FOR_GOOD = {"ChatsTable", "UsersTable"}
SHORT_LIVED = {"SessionsTable": "ttl", "IdempotencyTable": "expiration"}

NAME_PROPERTIES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SecretsManager::Secret": "Name",
}


def of_type(resources: Resources, kind: str) -> Resources:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def test_tables_are_those_of_the_design(resources: Resources) -> None:
    assert of_type(resources, "AWS::DynamoDB::Table").keys() == FOR_GOOD | SHORT_LIVED.keys()


@pytest.mark.parametrize("name", sorted(FOR_GOOD | SHORT_LIVED.keys()))
def test_table_is_on_demand_and_encrypted(resources: Resources, name: str) -> None:
    properties = resources[name]["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize("name", sorted(FOR_GOOD))
@pytest.mark.parametrize(("environment", "protected"), [("dev", False), ("prod", True)])
def test_table_for_good_outlives_the_stack_and_can_be_recovered_in_production(
    resources: Resources, resolve: Any, name: str, environment: str, protected: bool
) -> None:
    table = resources[name]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    properties = resolve(table["Properties"], Environment=environment)
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": protected}
    assert properties["DeletionProtectionEnabled"] is protected
    assert "TimeToLiveSpecification" not in properties


@pytest.mark.parametrize(("name", "attribute"), SHORT_LIVED.items())
def test_short_lived_table_forgets(resources: Resources, name: str, attribute: str) -> None:
    time_to_live = resources[name]["Properties"]["TimeToLiveSpecification"]
    assert time_to_live == {"AttributeName": attribute, "Enabled": True}


def test_no_resource_has_a_fixed_name(resources: Resources) -> None:
    """Two stacks live in one account: a name is CloudFormation's choice, or made from the stack's."""
    for logical_id, resource in resources.items():
        if resource["Type"] == "AWS::Lambda::Alias":  # its name is within its function
            continue
        name = resource["Properties"].get(NAME_PROPERTIES.get(resource["Type"], "Name"))
        assert name is None or "AWS::StackName" in json.dumps(name), logical_id


def test_every_stateful_resource_says_what_becomes_of_it(resources: Resources) -> None:
    for kind in ("AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"):
        for name, resource in of_type(resources, kind).items():
            assert resource.keys() >= {"DeletionPolicy", "UpdateReplacePolicy"}, name


def test_token_key_is_made_by_the_stack(resources: Resources) -> None:
    """JSON with the key under "current", long enough for HS256 (RFC 7518, section 3.2: 32 bytes)."""
    properties = resources["AuthSecret"]["Properties"]
    assert "SecretString" not in properties
    generated = properties["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {}
    assert generated["GenerateStringKey"] == "current"
    assert generated["PasswordLength"] >= 32


def test_no_parameter_takes_a_secret(template: dict[str, Any], resources: Resources) -> None:
    """Provider keys never pass through CloudFormation: the secret is made empty."""
    assert resources["ProviderKeysSecret"]["Properties"]["SecretString"] == "{}"
    assert not [name for name, parameter in template["Parameters"].items() if "NoEcho" in parameter]


def test_secrets_show_by_name_only(transformed: dict[str, Any], variables: dict[str, dict[str, Any]]) -> None:
    """No dynamic reference, and no attribute of a secret but its ARN, in environments and outputs."""
    shown = json.dumps([variables, transformed["Outputs"]])
    assert "{{resolve:" not in shown
    assert "SecretString" not in shown
    assert not {"AUTH_SECRET", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "XAI_API_KEY"} & {
        name for values in variables.values() for name in values
    }


def test_outputs_give_the_urls_and_tables(transformed: dict[str, Any], resources: Resources) -> None:
    values = [output["Value"] for output in transformed["Outputs"].values()]
    for name in of_type(resources, "AWS::Lambda::Url"):
        assert {"Fn::GetAtt": [name, "FunctionUrl"]} in values
    for name in of_type(resources, "AWS::DynamoDB::Table"):
        assert {"Ref": name} in values
    assert all(output["Description"] for output in transformed["Outputs"].values())
