"""What `scripts/smoke.py` reads about a deployed stack, from answers of the shape that AWS's service models give."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from smoke_checks.conversation import SmokeConversation
from smoke_checks.events import Event
from smoke_checks.http_client import HttpClient
from smoke_checks.report import CheckFailedError, SkippedError
from smoke_checks.service import ChatService, Urls
from smoke_checks.stack import FUNCTIONS, DeployedStack, check_urls, direct_invocation, vpc

NONE_THROUGH_URL = {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
INVOKED_THROUGH_URL = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
AS_DEPLOYED = [
    {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Condition": NONE_THROUGH_URL},
    {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Condition": INVOKED_THROUGH_URL},
]


class Account:
    """AWS's clients with scripted answers."""

    def __init__(self) -> None:
        session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
        self.clients = {name: session.client(name) for name in ("cloudformation", "lambda")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        self.stack = DeployedStack("chat", client=self.clients.__getitem__, anonymous=lambda: self.clients["lambda"])
        for stub in self.stubs.values():
            stub.activate()

    def names(self, logical_id: str) -> None:
        detail = {
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": f"chat-{logical_id}-1",
            "ResourceType": "AWS::Lambda::Function",
            "LastUpdatedTimestamp": "2026-11-01T00:00:00Z",
            "ResourceStatus": "CREATE_COMPLETE",
        }
        expected = {"StackName": "chat", "LogicalResourceId": logical_id}
        self.stubs["cloudformation"].add_response("describe_stack_resource", {"StackResourceDetail": detail}, expected)

    def configures(self, logical_id: str, subnets: list[str]) -> None:
        self.names(logical_id)
        configuration = {"VpcConfig": {"SubnetIds": subnets, "SecurityGroupIds": [], "VpcId": "vpc-1"}}
        expected = {"FunctionName": f"chat-{logical_id}-1", "Qualifier": "live"}
        self.stubs["lambda"].add_response("get_function_configuration", configuration, expected)

    def allows(self, logical_id: str, statements: list[dict[str, Any]]) -> None:
        self.names(logical_id)
        expected = {"FunctionName": f"chat-{logical_id}-1", "Qualifier": "live"}
        self.stubs["lambda"].add_response("get_policy", {"Policy": json.dumps({"Statement": statements})}, expected)

    def answers_invoke(self, status: int | None) -> None:
        if status is None:
            self.stubs["lambda"].add_response("invoke", {"StatusCode": 200})
        else:
            self.stubs["lambda"].add_client_error("invoke", "AccessDeniedException", http_status_code=status)

    def describes(self, **outputs: str) -> None:
        described = {
            "StackName": "chat",
            "CreationTime": "2026-11-01T00:00:00Z",
            "StackStatus": "CREATE_COMPLETE",
            "Parameters": [{"ParameterKey": "CacheMode", "ParameterValue": "elasticache"}],
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
        }
        self.stubs["cloudformation"].add_response("describe_stacks", {"Stacks": [described]}, {"StackName": "chat"})


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def conversation() -> SmokeConversation:
    """A conversation that went well."""
    found = SmokeConversation(ChatService(HttpClient(0), Urls("a", "b", "c"), "token"), demo=False)
    data: list[tuple[float, dict[str, Any]]] = [
        (0.1, {"type": "typing"}),
        (0.6, {"type": "token", "content": "1"}),
        (0.7, {"type": "done"}),
    ]
    found.events = [Event(at, number, each) for number, (at, each) in enumerate(data)]
    return found


def test_stream_in_a_vpc_is_reported_with_subnets_and_first_token(
    account: Account, conversation: SmokeConversation
) -> None:
    account.configures("StreamFunction", ["subnet-1", "subnet-2"])
    account.configures("HistoryFunction", [])

    seen = vpc(conversation, account.stack, local=False, expected=True)

    assert seen.startswith("in 2 subnets; the provider's first token arrived after 600 ms")


def test_stream_that_should_be_in_a_vpc_and_is_not_fails(account: Account, conversation: SmokeConversation) -> None:
    account.configures("StreamFunction", [])

    with pytest.raises(CheckFailedError, match="in no VPC"):
        vpc(conversation, account.stack, local=False, expected=True)


def test_history_in_the_vpc_fails(account: Account, conversation: SmokeConversation) -> None:
    account.configures("StreamFunction", ["subnet-1"])
    account.configures("HistoryFunction", ["subnet-1"])

    with pytest.raises(CheckFailedError, match="history"):
        vpc(conversation, account.stack, local=False, expected=False)


def test_stack_without_a_vpc_leaves_the_row_out(account: Account, conversation: SmokeConversation) -> None:
    account.configures("StreamFunction", [])

    with pytest.raises(SkippedError, match="does not apply"):
        vpc(conversation, account.stack, local=False, expected=False)


def test_functions_open_through_their_urls_alone_pass(account: Account) -> None:
    for function in FUNCTIONS:
        account.allows(function, AS_DEPLOYED)
        account.answers_invoke(403)

    assert "unsigned Invoke is rejected" in direct_invocation(account.stack, local=False)


@pytest.mark.parametrize(
    ("arrange", "says"),
    [
        (lambda account: account.allows("StartFunction", [{**AS_DEPLOYED[1], "Condition": {}}]), "without its URL"),
        (lambda account: (account.allows("StartFunction", AS_DEPLOYED), account.answers_invoke(None)), "succeeded"),
        (lambda account: (account.allows("StartFunction", AS_DEPLOYED), account.answers_invoke(500)), "gets 500"),
    ],
)
def test_functions_that_anybody_may_invoke_fail(
    account: Account, arrange: Callable[[Account], object], says: str
) -> None:
    arrange(account)

    with pytest.raises(CheckFailedError, match=says):
        direct_invocation(account.stack, local=False)


def test_addresses_are_compared_with_the_outputs(account: Account) -> None:
    outputs = {"StartUrl": "https://a/", "StreamUrl": "https://b/", "HistoryUrl": "https://c/"}
    account.describes(**outputs)
    account.describes(**outputs)

    assert check_urls(account.stack, Urls("https://a", "https://b", "https://c")) == "are those of chat"
    with pytest.raises(CheckFailedError, match="https://c is not the StreamUrl"):
        check_urls(account.stack, Urls("https://a", "https://c", "https://c"))


def test_parameters_show_whether_redis_is_used(account: Account) -> None:
    account.describes()

    assert account.stack.parameters() == {"CacheMode": "elasticache"}
