"""A follower is a moment behind what it follows, as long as a store works between them."""

import re

from simulation.promises.known import SETTLED_SECONDS, Known, Seen
from simulation.world.connection import Connection

LAG_SECONDS = 3.0
"""How far a follower may be behind the producer's client while Redis or DynamoDB works."""


def check_followers(known: Known) -> None:
    """Who follows a session is as far as its producer's client."""
    now = known.now
    for connection in known.world.connections:
        if connection.ended or now - connection.opened_at < LAG_SECONDS + 1:
            continue
        seen = known.sessions.get(connection.session_id)
        if seen is None or seen.shown < connection.position:
            continue
        behind = [at for shown, at in seen.emissions if shown > connection.position - 1]
        if behind and now - behind[0] > LAG_SECONDS and _should_be_current(known, connection, seen, behind[0]):
            known.violated(
                f"a follower on {connection.process.name} is {now - behind[0]:.1f} s behind: "
                f"{connection.position - 1} of {seen.shown} characters"
            )


def check_shared_answers(known: Known) -> None:
    """Who is given another session's answer is as little behind that."""
    for (session_id, _), (_, process) in known.generations.items():
        seen = known.sessions.get(session_id)
        number = None if seen is None else _call_number(seen.beginning)
        if seen is None or number is None:
            continue
        leader = known.world.provider.calls[number]
        leading = known.sessions.get(leader.session_id)
        if leading is None or leader.session_id == session_id or leader.ended_at is not None:
            continue
        behind = [at for shown, at in leading.emissions if shown > seen.shown]
        if not behind or known.now - behind[0] <= LAG_SECONDS:
            continue
        if any(
            each.dead or each.frozen or each.thawed_at > behind[0] - SETTLED_SECONDS
            for each in (process, leader.process)
        ):
            continue
        processes = process, leader.process
        works = min(known.world.database.works_since(*processes), known.world.redis.works_since(*processes))
        # Its own record must be written, too.
        if max(works, known.world.database.works_since(process)) <= behind[0] - SETTLED_SECONDS:
            known.violated(f"{session_id} is {known.now - behind[0]:.1f} s behind {leader.session_id}, which leads it")


def _should_be_current(known: Known, connection: Connection, seen: Seen, since: float) -> bool:
    """Whether follower and producer were at work, and a store between them, since then."""
    if not seen.producers:
        return False
    _, producer, _ = seen.producers[-1]
    if any(
        session_id == connection.session_id and process is connection.process
        for (session_id, _), (_, process) in known.generations.items()
    ):
        return False  # it produces, or does not know yet that it has lost its lease
    for process in (connection.process, producer):
        if process.dead or process.frozen or process.thawed_at > since - SETTLED_SECONDS:
            return False
    works = min(
        known.world.database.works_since(connection.process, producer),
        known.world.redis.works_since(connection.process, producer) if known.world.plan.has_redis else known.now + 1,
    )
    return works <= since - SETTLED_SECONDS


def _call_number(text: str) -> int | None:
    """The number of the provider's call that an answer with this beginning is from."""
    match = re.match(r"<(\d+):", text)
    return None if match is None else int(match[1])
