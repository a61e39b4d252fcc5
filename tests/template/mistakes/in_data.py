"""Mistakes about tables, logs and names."""

from template.mistakes.changes import drop, mistake, put

MISTAKES = (
    mistake(
        "index by another attribute",
        "keys",
        put("SessionsTable.GlobalSecondaryIndexes.0.KeySchema.0.AttributeName", "state"),
    ),
    mistake(
        "index without what is read from it",
        "keys",
        put("SessionsTable.GlobalSecondaryIndexes.0.Projection.NonKeyAttributes", ["state"]),
    ),
    mistake("table with other keys", "keys", put("UsersTable.KeySchema.0.AttributeName", "user")),
    mistake("queue not encrypted", "queues", put("CleanupDeadLetters.SqsManagedSseEnabled", False)),
    mistake("capacity to be paid idle", "tables", put("SessionsTable.BillingMode", "PROVISIONED")),
    mistake("not encrypted", "tables", put("ChatsTable.SSESpecification.SSEEnabled", False)),
    mistake("TTL off", "time_to_live", put("SessionsTable.TimeToLiveSpecification.Enabled", False)),
    mistake(
        "TTL of another attribute", "time_to_live", put("IdempotencyTable.TimeToLiveSpecification.AttributeName", "ttl")
    ),
    mistake(
        "messages that go by themselves",
        "time_to_live",
        put("ChatsTable.TimeToLiveSpecification", {"AttributeName": "ttl", "Enabled": True}),
    ),
    mistake("PITR off", "recovery", drop("ChatsTable.PointInTimeRecoverySpecification")),
    mistake("deletion not protected", "recovery", put("UsersTable.DeletionProtectionEnabled", False)),
    mistake("chats go with the stack", "recovery", put("ChatsTable.DeletionPolicy", "Delete")),
    mistake("nobody knows what becomes of it", "deletion_policies", drop("CleanupDeadLetters.DeletionPolicy")),
    mistake("retention dropped", "logs", drop("StartLogGroup.RetentionInDays")),
    mistake(
        "log group of another function",
        "logs",
        put("StartFunction.LoggingConfig", {"LogGroup": {"Ref": "StreamLogGroup"}}),
    ),
    mistake("log group dropped", "logs", drop("HistoryFunction.LoggingConfig")),
    mistake("log group with a fixed name", "names", put("StartLogGroup.LogGroupName", "/chat/start")),
    mistake("queue with a fixed name", "names", put("CleanupDeadLetters.QueueName", "dead-letters")),
    mistake("value beyond AWS's limit", "lint", put("CleanupDeadLetters.DelaySeconds", 5000)),
    mistake("property with a typo", "lint", put("StartLogGroup.RetentionInDay", 7)),
)
