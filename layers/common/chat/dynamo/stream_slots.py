"""Slots of users' streams in DynamoDB, in items of SessionsTable, whose TTL removes them."""

from collections.abc import Mapping

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path, _Size  # the latter is PynamoDB's only way to `size`
from pynamodb.expressions.update import Action

from chat.dynamo.calls import ConditionFailedError, storage_errors, update
from chat.dynamo.items import StreamSlotsItem
from chat.dynamo.keys import stream_slots_key
from chat.dynamo.tables import Tables
from chat.errors import StorageError

RACE_ATTEMPTS = 8
"""How often a decision is made anew when the slots changed between two writes. Most need one write."""


class DynamoSlotStore:
    """A user's slots, one item: until when (seconds since the epoch) each session holds its slot."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def take(self, user_id: str, session_id: str, *, limit: int, now: float, slot_seconds: float) -> float | None:
        """Takes or keeps a slot; None: the session has one. Otherwise the seconds until one is free at the latest."""
        slots, until = Path(StreamSlotsItem.slots), now + slot_seconds
        for _ in range(RACE_ATTEMPTS):
            room = slots[session_id].exists() | (slots.exists() & (_Size(slots) < limit))
            held = self._try(user_id, [slots[session_id].set(until)], room, until)
            if held is None:
                return None
            if not held:
                actions: list[Action] = [slots.set({session_id: until})]
                condition: Condition = slots.does_not_exist() | (_Size(slots) == 0)
            else:
                dead = {holder: end for holder, end in held.items() if end <= now}
                if len(held) - len(dead) >= limit:
                    return max(0.0, min(end for end in held.values() if end > now) - now)
                actions = [slots[session_id].set(until), *(slots[holder].remove() for holder in dead)]
                condition = _Size(slots) < limit + len(dead)
                for holder, end in dead.items():
                    condition &= slots[holder] == end
            if self._try(user_id, actions, condition, until) is None:
                return None
        raise StorageError("The slots change too fast.")

    def give_back(self, user_id: str, session_id: str) -> None:
        """Frees the session's slot, if it has one."""
        slots = Path(StreamSlotsItem.slots)
        self._try(user_id, [slots[session_id].remove()], slots[session_id].exists())

    def _try(
        self, user_id: str, actions: list[Action], condition: Condition, until: float | None = None
    ) -> Mapping[str, float] | None:
        """Writes if the condition holds; None: it did. Otherwise the slots as they are."""
        model = self._tables.stream_slots
        if until is not None:
            actions = [*actions, StreamSlotsItem.ttl.set(int(until) + 1)]
        with storage_errors():
            try:
                update(self._tables.connection, model(stream_slots_key(user_id)), actions=actions, condition=condition)
            except ConditionFailedError as failed:
                old = failed.items[model.__name__]
                slots = model.from_raw_data(old).slots if old else None
                return {holder: float(end) for holder, end in slots.attribute_values.items()} if slots else {}
        return None
