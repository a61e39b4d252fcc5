"""Users in DynamoDB: the adapter of `chat.users.UserStore`."""

from pynamodb.exceptions import DoesNotExist

from chat.dynamo.calls import storage_errors, update
from chat.dynamo.items import UserItem
from chat.dynamo.mapping import to_user
from chat.dynamo.tables import Tables
from chat.users import Tier, User


class DynamoUserStore:
    """Users, each one item of UsersTable."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get_or_create(self, user_id: str, *, default_tier: Tier, now: float) -> User:
        with storage_errors():
            item = self._find(user_id)
            if item is None or item.tier is None:
                # If another request creates the record now, its tier stays.
                actions = [
                    UserItem.tier.set(UserItem.tier | default_tier),
                    UserItem.disabled.set(UserItem.disabled | False),
                    UserItem.created_at.set(UserItem.created_at | now),
                ]
                item = update(self._tables.connection, self._tables.users(user_id), actions=actions)
            return to_user(item)

    def put(self, user: User, *, now: float) -> None:
        actions = [
            UserItem.tier.set(user.tier),
            UserItem.disabled.set(user.disabled),
            UserItem.input_tokens.set(UserItem.input_tokens | user.input_tokens),
            UserItem.output_tokens.set(UserItem.output_tokens | user.output_tokens),
            UserItem.created_at.set(UserItem.created_at | now),
            UserItem.updated_at.set(now),
        ]
        with storage_errors():
            update(self._tables.connection, self._tables.users(user.user_id), actions=actions)

    def _find(self, user_id: str) -> UserItem | None:
        try:
            return self._tables.users.get(user_id, consistent_read=True)
        except DoesNotExist:
            return None
