"""Tables, secrets' resources and log groups: what is kept, for how long, and what becomes of it."""

from collections.abc import Iterator

from template.checks.stack import Stack, reference

FOR_GOOD = {"ChatsTable", "UsersTable"}
SHORT_LIVED = {"SessionsTable": "ttl", "IdempotencyTable": "expiration"}
"""And the attribute in which the code writes when an item is over."""

FORTNIGHT_SECONDS = 14 * 24 * 3600

_TABLE, _LOG_GROUP = "AWS::DynamoDB::Table", "AWS::Logs::LogGroup"
_STATEFUL = {_TABLE, _LOG_GROUP, "AWS::SecretsManager::Secret", "AWS::SQS::Queue"}


def check_tables(stack: Stack) -> Iterator[str]:
    """On demand, encrypted."""
    tables = stack.of_type(_TABLE)
    if tables.keys() != FOR_GOOD | SHORT_LIVED.keys():
        yield f"the tables are {sorted(tables)}"
    for name, properties in tables.items():
        if properties.get("BillingMode") != "PAY_PER_REQUEST":
            yield f"{name} is not on demand"
        if properties.get("SSESpecification") != {"SSEEnabled": True}:
            yield f"{name} is not encrypted"


def check_time_to_live(stack: Stack) -> Iterator[str]:
    """Short-lived items go by themselves; messages never do."""
    for name, properties in stack.of_type(_TABLE).items():
        attribute = SHORT_LIVED.get(name)
        wanted = {"AttributeName": attribute, "Enabled": True} if attribute else None
        if properties.get("TimeToLiveSpecification") != wanted:
            yield f"{name}: the time to live is {properties.get('TimeToLiveSpecification')}"


def check_recovery(stack: Stack) -> Iterator[str]:
    """Permanent data outlive the stack; in production they are recoverable and protected from deletion."""
    production = stack.value({"Ref": "Environment"}) == "prod"
    tables = stack.of_type(_TABLE)
    for name in sorted(FOR_GOOD & tables.keys()):
        properties = tables[name]
        resource = stack.resources[name]
        if {resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")} != {"Retain"}:
            yield f"{name} goes with the stack"
        recovery = properties.get("PointInTimeRecoverySpecification", {})
        if production and recovery.get("PointInTimeRecoveryEnabled") is not True:
            yield f"{name} cannot be recovered"
        if production and properties.get("DeletionProtectionEnabled") is not True:
            yield f"{name} is not protected from deletion"


def check_queues(stack: Stack) -> Iterator[str]:
    """Encrypted, and kept for SQS's maximum: operators may be away."""
    for name, properties in stack.of_type("AWS::SQS::Queue").items():
        if properties.get("SqsManagedSseEnabled") is not True:
            yield f"{name} is not encrypted"
        if properties.get("MessageRetentionPeriod") != FORTNIGHT_SECONDS:
            yield f"{name} forgets after {properties.get('MessageRetentionPeriod')} s"


def check_deletion_policies(stack: Stack) -> Iterator[str]:
    """Everything that keeps something says what becomes of it."""
    for name, resource in stack.resources.items():
        if resource["Type"] in _STATEFUL and not resource.keys() >= {"DeletionPolicy", "UpdateReplacePolicy"}:
            yield f"{name} does not say what becomes of it"


def check_logs(stack: Stack) -> Iterator[str]:
    """Each function has a log group of the stack for itself, which forgets when the parameter says."""
    days = stack.value({"Ref": "LogRetentionDays"})
    for name in stack.functions:
        group = reference(stack.properties(name).get("LoggingConfig", {}).get("LogGroup"))
        if group != f"{name.removesuffix('Function')}LogGroup":
            yield f"{name} writes to {group}"
    for name, properties in stack.of_type(_LOG_GROUP).items():
        if properties.get("RetentionInDays") != days:
            yield f"{name} is kept for {properties.get('RetentionInDays')} days, not {days}"
