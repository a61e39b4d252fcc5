"""What runs by the clock: valid expressions, on an alias, with a way out for what fails."""

from collections.abc import Iterator

from artefacts.policies import Permission, permissions
from template.checks.access.urls import ALIAS
from template.checks.operations.schedule_expressions import ScheduleExpressionError, interval_seconds
from template.checks.stack import Stack, reference

_SCHEDULE, _ALIAS, _QUEUE = "AWS::Scheduler::Schedule", "AWS::Lambda::Alias", "AWS::SQS::Queue"
EXPECTED = {"CleanupFunction": 300}
"""The functions that run by the clock, and how often, in seconds."""


def check_schedules(stack: Stack) -> Iterator[str]:
    """The expressions are EventBridge's, the functions those of the design, and a run ends before the next begins."""
    found: dict[str | None, int | None] = {}
    for name, schedule in stack.of_type(_SCHEDULE).items():
        alias = stack.of_type(_ALIAS).get(reference(schedule["Target"]["Arn"]) or "", {})
        function = reference(alias.get("FunctionName"))
        try:
            found[function] = interval_seconds(schedule["ScheduleExpression"])
        except ScheduleExpressionError as error:
            yield f"{name}: {error}"
        if schedule.get("State", "ENABLED") != "ENABLED":
            yield f"{name} is switched off"
    if found != EXPECTED:
        yield f"by the clock run {found}"
    for function, seconds in EXPECTED.items():
        if int(stack.properties(function)["Timeout"]) >= seconds:
            yield f"{function} may still run when the next run begins"


def check_failed_runs(stack: Stack) -> Iterator[str]:
    """The schedule does not wait for a run: one that failed Lambda tries once more, and keeps in a queue."""
    configs = {
        reference(config["FunctionName"]): config
        for config in stack.of_type("AWS::Lambda::EventInvokeConfig").values()
        if config["Qualifier"] == ALIAS
    }
    for function, seconds in EXPECTED.items():
        config = configs.get(function, {})
        if config.get("MaximumEventAgeInSeconds") != seconds:
            yield f"{function}: a run may wait for {config.get('MaximumEventAgeInSeconds')} s"
        if config.get("MaximumRetryAttempts") != 1:
            yield f"{function}: a run that failed is tried {config.get('MaximumRetryAttempts')} times more"
        queue = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if reference(queue) not in stack.of_type(_QUEUE):
            yield f"{function}: a run that failed is lost"


def check_dead_letters(stack: Stack) -> Iterator[str]:
    """What could not be handed to Lambda is tried once more and then kept in a queue."""
    for name, schedule in stack.of_type(_SCHEDULE).items():
        target = schedule["Target"]
        retry = target.get("RetryPolicy", {})
        if retry.get("MaximumRetryAttempts") != 1:
            yield f"{name} is not tried once more"
        if retry.get("MaximumEventAgeInSeconds") not in EXPECTED.values():
            yield f"{name} is tried when the next one's time has come"
        queue = reference(target.get("DeadLetterConfig", {}).get("Arn"))
        if queue not in stack.of_type(_QUEUE):
            yield f"{name} loses what fails"
            continue
        policies = stack.properties(reference(target["RoleArn"]) or "")["Policies"]
        granted = permissions(item for policy in policies for item in policy["PolicyDocument"]["Statement"])
        invoke = Permission("lambda:InvokeFunction", reference(target["Arn"]) or "")
        if granted != {invoke, Permission("sqs:SendMessage", queue or "")}:
            yield f"{name} may do {granted}"
