"""Slots of users' streams in DynamoDB, in items of SessionsTable, whose TTL removes them."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_lambda_powertools import Logger
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path, _Size  # the latter is PynamoDB's only access to `size`
from pynamodb.expressions.update import Action

from chat.dynamo.calls import ConditionFailedError, storage_errors, update
from chat.dynamo.items import StreamSlotsItem
from chat.dynamo.keys import stream_slots_key
from chat.dynamo.tables import Tables
from chat.error_fields import safe_error_fields
from chat.errors import StorageError
from chat.limits.slots import Slot, SlotsFullError, acquired_until, renewed_until

RACE_ATTEMPTS = 8
"""Retries of a decision when the slots changed between two writes. Most need one write."""

logger = Logger()


@dataclass(frozen=True, slots=True)
class _NotWritten:
    """The condition of a write failed."""

    held: Mapping[str, float]
    """The current slots."""
    repeated: bool
    """True if the write was sent more than once: the first attempt may have been applied and its reply lost."""


class DynamoStreamSlots:
    """A `chat.limits.StreamSlots`. A user's slots are one item, which maps sessions to expiry times."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def acquire(self, user_id: str, session_id: str, limit: int, now: float) -> Slot:
        slots, until = Path(StreamSlotsItem.slots), acquired_until(now)
        actions: list[Action] = [slots[session_id].set(until)]
        condition: Condition = slots[session_id].does_not_exist() & slots.exists() & (_Size(slots) < limit)
        for _ in range(RACE_ATTEMPTS):
            failed = self._write(user_id, actions, condition, until)
            if failed is None or (failed.repeated and failed.held.get(session_id) == until):
                return Slot(user_id, session_id, until, fresh=True)
            live = {holder: end for holder, end in failed.held.items() if end > now}
            if session_id in live:
                kept = self._keep(user_id, session_id, live[session_id], now)
                if kept is not None:
                    return kept
            elif len(live) >= limit:
                raise SlotsFullError(min(live.values()) - now, live)
            actions, condition = _taking(session_id, until, failed.held, limit=limit, now=now)
        raise StorageError("The slots change too fast.")

    def _keep(self, user_id: str, session_id: str, known: float, now: float) -> Slot | None:
        """The session's own slot, renewed; None if the session no longer holds one."""
        slot, until = Path(StreamSlotsItem.slots)[session_id], renewed_until(now)
        failed = self._write(user_id, [slot.set(until)], slot == known, until)
        if failed is None or (failed.repeated and failed.held.get(session_id) == until):
            return Slot(user_id, session_id, until, fresh=False)
        return None

    def renew(self, user_id: str, session_id: str, now: float) -> None:
        slots, until = Path(StreamSlotsItem.slots), renewed_until(now)
        try:
            for _ in range(RACE_ATTEMPTS):
                if self._write(user_id, [slots[session_id].set(until)], slots.exists(), until) is None:
                    return
                if self._write(user_id, [slots.set({session_id: until})], slots.does_not_exist(), until) is None:
                    return
        except StorageError as error:
            logger.warning("slot not renewed", session_id=session_id, **safe_error_fields(error))

    def give_back(self, slot: Slot) -> None:
        if slot.fresh:
            self._free(slot.user_id, slot.session_id, Path(StreamSlotsItem.slots)[slot.session_id] == slot.until)

    def release(self, user_id: str, session_id: str) -> None:
        self._free(user_id, session_id, Path(StreamSlotsItem.slots)[session_id].exists())

    def drop(self, user_id: str, holders: Mapping[str, float]) -> None:
        slots, unchanged = Path(StreamSlotsItem.slots), dict(holders)
        for _ in range(RACE_ATTEMPTS):
            if not unchanged:
                return
            condition = _all([slots[holder] == end for holder, end in unchanged.items()])
            failed = self._write(user_id, [slots[holder].remove() for holder in unchanged], condition)
            if failed is None:
                return
            unchanged = {holder: end for holder, end in unchanged.items() if failed.held.get(holder) == end}
        raise StorageError("The slots change too fast.")

    def _free(self, user_id: str, session_id: str, condition: Condition) -> None:
        try:
            self._write(user_id, [Path(StreamSlotsItem.slots)[session_id].remove()], condition)
        except StorageError as error:
            logger.warning("slot not released", session_id=session_id, **safe_error_fields(error))

    def _write(
        self, user_id: str, actions: list[Action], condition: Condition, until: float | None = None
    ) -> _NotWritten | None:
        """Writes if the condition holds. Returns None if it did."""
        model = self._tables.stream_slots
        if until is not None:
            actions = [*actions, StreamSlotsItem.ttl.set(int(until) + 1)]
        with storage_errors():
            try:
                update(self._tables.connection, model(stream_slots_key(user_id)), actions=actions, condition=condition)
            except ConditionFailedError as failed:
                old = failed.items[model.__name__]
                slots = model.from_raw_data(old).slots if old else None
                held = {holder: float(end) for holder, end in slots.attribute_values.items()} if slots else {}
                return _NotWritten(held, repeated=failed.repeated)
        return None


def _taking(
    session_id: str, until: float, held: Mapping[str, float], *, limit: int, now: float
) -> tuple[list[Action], Condition]:
    """The write that acquires a slot beside `held`, of which some may be expired."""
    slots = Path(StreamSlotsItem.slots)
    if not held:
        return [slots.set({session_id: until})], slots.does_not_exist() | (_Size(slots) == 0)
    dead = {holder: end for holder, end in held.items() if end <= now}
    condition: Condition = _Size(slots) < limit + len(dead)
    if session_id not in dead:
        condition &= slots[session_id].does_not_exist()
    unchanged = [slots[holder] == end for holder, end in dead.items()]
    removals = [slots[holder].remove() for holder in dead if holder != session_id]
    return [slots[session_id].set(until), *removals], _all([condition, *unchanged])


def _all(conditions: list[Condition]) -> Condition:
    first, *others = conditions
    for other in others:
        first &= other
    return first
