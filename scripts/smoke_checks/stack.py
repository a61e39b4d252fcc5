"""Checks of a deployed stack through the AWS APIs. Needs boto3, and credentials that may read the stack."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from smoke_checks.conversation import SmokeConversation
from smoke_checks.report import SkippedError, expect
from smoke_checks.rhythm import rhythm_of

if TYPE_CHECKING:
    from smoke_checks.service import Urls

FUNCTIONS = ("StartFunction", "StreamFunction", "HistoryFunction")
ALIAS = "live"
FORBIDDEN = 403
_ONLY_THROUGH_THE_URL = ("lambda:FunctionUrlAuthType", "lambda:InvokedViaFunctionUrl")


@dataclass(slots=True)
class DeployedStack:
    """A deployed stack. `client` creates a client for a service; `anonymous` creates an unsigned Lambda client."""

    name: str
    client: Callable[[str], Any]
    anonymous: Callable[[], Any]
    _names: dict[str, str] = field(default_factory=dict, init=False)

    def parameters(self) -> dict[str, str]:
        """The stack's parameters."""
        found = self._description().get("Parameters", [])
        return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in found}

    def urls(self) -> dict[str, str]:
        """The stack's outputs."""
        found = self._description().get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in found}

    def function(self, logical_id: str) -> str:
        """The physical name of a function."""
        if logical_id not in self._names:
            resource = self.client("cloudformation").describe_stack_resource(
                StackName=self.name, LogicalResourceId=logical_id
            )
            self._names[logical_id] = resource["StackResourceDetail"]["PhysicalResourceId"]
        return self._names[logical_id]

    def subnets(self, logical_id: str) -> list[str]:
        """The subnets of a function; empty if it is not in a VPC."""
        configuration = self.client("lambda").get_function_configuration(
            FunctionName=self.function(logical_id), Qualifier=ALIAS
        )
        subnets: list[str] = configuration.get("VpcConfig", {}).get("SubnetIds", [])
        return subnets

    def policy(self, logical_id: str) -> list[dict[str, Any]]:
        """The statements of a function's resource policy."""
        document = self.client("lambda").get_policy(FunctionName=self.function(logical_id), Qualifier=ALIAS)
        statements: list[dict[str, Any]] = json.loads(document["Policy"])["Statement"]
        return statements

    def _description(self) -> dict[str, Any]:
        stacks = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        found: dict[str, Any] = stacks[0]
        return found


def open_stack(name: str, region: str | None) -> DeployedStack:
    """Opens a stack with the caller's credentials."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    session = boto3.Session(region_name=region)
    return DeployedStack(
        name,
        client=session.client,
        anonymous=lambda: session.client("lambda", config=Config(signature_version=UNSIGNED)),
    )


def vpc(conversation: SmokeConversation, stack: DeployedStack | None, *, local: bool, expected: bool) -> str:
    """Checks a stream in a VPC, which reaches the provider through the NAT and DynamoDB through its endpoint."""
    if stack is None:
        raise SkippedError("does not apply on one machine" if local else "not tried: needs --stack")
    subnets = stack.subnets("StreamFunction")
    if not subnets and not expected:
        raise SkippedError("does not apply: the stream function is in no VPC")
    expect(subnets, "the stream function is in no VPC")
    expect(not stack.subnets("HistoryFunction"), "the history function is in the VPC, and uses nothing there")
    rhythm = rhythm_of(conversation.completed_events())
    return (
        f"in {len(subnets)} subnets; the provider's first token arrived after {rhythm.first_token * 1000:.0f} ms, "
        "and the answer is in DynamoDB"
    )


def direct_invocation(stack: DeployedStack | None, *, local: bool) -> str:
    """Checks that the functions cannot be invoked without credentials other than through their URLs."""
    if stack is None:
        raise SkippedError("does not apply on one machine" if local else "not tried: needs --stack")
    for function in FUNCTIONS:
        for statement in stack.policy(function):
            open_to_all = statement["Principal"] in ("*", {"AWS": "*"})
            conditions = json.dumps(statement.get("Condition", {}))
            expect(
                not open_to_all or any(name in conditions for name in _ONLY_THROUGH_THE_URL),
                f"{function}: anyone may call {statement['Action']} without its URL",
            )
        _refused(stack, function)
    return "an unsigned Invoke is rejected, and only the URLs are public"


def _refused(stack: DeployedStack, function: str) -> None:
    from botocore.exceptions import ClientError

    try:
        stack.anonymous().invoke(FunctionName=stack.function(function), Qualifier=ALIAS, Payload=b"{}")
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        expect(status == FORBIDDEN, f"{function}: an unsigned Invoke gets {status} (expected 403)")
        return
    expect(False, f"{function}: an unsigned Invoke succeeded")


def check_urls(stack: DeployedStack, urls: "Urls") -> str:
    """Checks that the given URLs are the stack's outputs."""
    outputs = stack.urls()
    for given, output in ((urls.start, "StartUrl"), (urls.stream, "StreamUrl"), (urls.history, "HistoryUrl")):
        expect(outputs[output].rstrip("/") == given, f"{given} is not the {output} of {stack.name}")
    return f"are those of {stack.name}"
