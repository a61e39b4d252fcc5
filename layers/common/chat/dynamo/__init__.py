"""The storage ports on DynamoDB.

    tables = Tables(settings)
    sessions = DynamoSessionStore(tables)

Nothing is connected until the first call, and PynamoDB's objects never leave this package.
"""

from chat.dynamo.cleanup_record import DynamoCleanupRecord
from chat.dynamo.messages.message_store import DynamoMessageStore
from chat.dynamo.sessions.session_index import DynamoSessionIndex
from chat.dynamo.sessions.session_store import DynamoSessionStore
from chat.dynamo.tables import Tables
from chat.dynamo.users import DynamoUserStore

__all__ = [
    "DynamoCleanupRecord",
    "DynamoMessageStore",
    "DynamoSessionIndex",
    "DynamoSessionStore",
    "DynamoUserStore",
    "Tables",
]
