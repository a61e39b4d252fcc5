"""The calls that the functions make to DynamoDB, by table or index.

`tests/e2e/artefacts/test_artefacts.py` records them from the artefacts at work and holds them against this list, and
the checks of the template hold the functions' policies against it: each is equal to the other two, in both directions.
"""

from collections.abc import Mapping

CALLS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "StartFunction": {
        "SessionsTable": frozenset({"BatchGetItem", "GetItem", "PutItem", "UpdateItem"}),
        "ChatsTable": frozenset({"DeleteItem", "GetItem", "PutItem", "UpdateItem"}),
        "UsersTable": frozenset({"GetItem", "UpdateItem"}),
        "IdempotencyTable": frozenset({"DeleteItem", "GetItem", "PutItem", "UpdateItem"}),
    },
    "StreamFunction": {
        "SessionsTable": frozenset({"BatchGetItem", "GetItem", "PutItem", "UpdateItem"}),
        "ChatsTable": frozenset({"BatchGetItem", "DeleteItem", "PutItem", "Query", "UpdateItem"}),
        "UsersTable": frozenset({"GetItem", "UpdateItem"}),
    },
    "HistoryFunction": {
        "SessionsTable": frozenset({"BatchGetItem"}),
        "ChatsTable": frozenset({"BatchGetItem", "Query"}),
        "ChatsTable/index/ChatsByActivity": frozenset({"Query"}),
        "UsersTable": frozenset({"GetItem", "UpdateItem"}),
    },
    "CleanupFunction": {
        "SessionsTable": frozenset({"BatchGetItem", "DeleteItem", "GetItem", "UpdateItem"}),
        "SessionsTable/index/SessionsByBucket": frozenset({"Query"}),
        "ChatsTable": frozenset({"DeleteItem", "PutItem", "UpdateItem"}),
    },
}
