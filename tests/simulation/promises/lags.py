"""A follower is a moment behind what it follows, as long as a store works between them."""

import re
from bisect import bisect_right

from simulation.engine.process import Process
from simulation.promises.known import SETTLED_SECONDS, Generation, Known, Seen
from simulation.world.connection import Connection

LAG_SECONDS = 3.0
"""How far a follower may be behind the producer's client while Redis or DynamoDB works."""
OPENING_SECONDS = 1.0
"""How long a connection may take to become a follower."""


def check_followers(known: Known) -> None:
    """A follower keeps up with the producer's client and gets the end."""
    for connection in known.world.connections:
        seen = known.sessions.get(connection.session_id)
        if seen is None or connection.process.frozen:
            continue
        if seen.finished_at is not None:
            _check_told(known, connection, seen.finished_at)
        elif seen.shown >= connection.position:
            _check_current(known, connection, seen)


def check_shared_answers(known: Known) -> None:
    """A session that shares another's answer keeps up with it likewise."""
    for (session_id, _), generation in known.generations.items():
        seen = known.sessions.get(session_id)
        number = None if seen is None else _call_number(seen.beginning)
        if seen is None or number is None or known.producer_of(session_id) is not generation:
            continue
        leader = known.world.provider.calls[number]
        leading = known.sessions.get(leader.session_id)
        if leading is None or leader.session_id == session_id or leader.ended_at is not None:
            continue
        behind = _behind_since(leading, seen.shown)
        if behind is None or known.now - behind <= LAG_SECONDS:
            continue
        processes = generation.process, leader.process
        if any(process.dead or process.frozen for process in processes):
            continue
        # Its own record must be written, too.
        works = max(_connected_since(known, *processes), known.world.database.works_since(generation.process))
        lag = known.now - max(behind, works + SETTLED_SECONDS, *(process.thawed_at for process in processes))
        if lag > LAG_SECONDS:
            known.violated(f"{session_id} is {lag:.1f} s behind {leader.session_id}, which leads it")


def _check_current(known: Known, connection: Connection, seen: Seen) -> None:
    """Whether a follower has what the session's producer has sent."""
    behind = _behind_since(seen, connection.position - 1)
    if behind is None or known.now - behind <= LAG_SECONDS:
        return
    producer = known.producer_of(connection.session_id)
    if producer is None or producer.connection is connection or producer.process.frozen:
        return
    lag = known.now - _could_follow_since(known, connection, producer, behind)
    if lag > LAG_SECONDS:
        known.violated(
            f"a follower on {connection.process.name} is {lag:.1f} s behind: "
            f"{connection.position - 1} of {seen.shown} characters"
        )


def _check_told(known: Known, connection: Connection, finished_at: float) -> None:
    """Whether the end was told of a session that has ended. All that it takes is in the database."""
    process = connection.process
    works = known.world.database.works_since(process) + SETTLED_SECONDS
    since = max(finished_at, connection.opened_at + OPENING_SECONDS, process.thawed_at, works)
    if not connection.told_end and known.now - since > LAG_SECONDS:
        known.violated(
            f"{process.name} has not told {connection.client} in {known.now - since:.1f} s that the answer has ended"
        )


def _could_follow_since(known: Known, connection: Connection, producer: Generation, behind: float) -> float:
    """Since when it has been behind with both processes at work, and a store between them."""
    processes = connection.process, producer.process
    works = _connected_since(known, *processes)
    thawed_at = max(process.thawed_at for process in processes)
    return max(behind, connection.opened_at + OPENING_SECONDS, thawed_at, works + SETTLED_SECONDS)


def _connected_since(known: Known, *processes: Process) -> float:
    """Since when Redis or DynamoDB has worked for all of them."""
    works = known.world.database.works_since(*processes)
    return min(works, known.world.redis.works_since(*processes)) if known.world.plan.has_redis else works


def _behind_since(seen: Seen, length: int) -> float | None:
    """When the first character was sent that a reader of this length lacks; None: it lacks none."""
    at = bisect_right(seen.emissions, length, key=lambda emission: emission[0])
    return seen.emissions[at][1] if at < len(seen.emissions) else None


def _call_number(text: str) -> int | None:
    """The number of the provider's call that an answer with this beginning is from."""
    match = re.match(r"<(\d+):", text)
    return None if match is None else int(match[1])
