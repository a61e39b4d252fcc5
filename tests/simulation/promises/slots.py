"""Slots: which processes may produce, and how many at a time."""

from chat.messages import MessageKind
from chat.sessions import Session
from simulation.promises.known import MARGIN_SECONDS, Known
from simulation.world.clocks import EPOCH


def check_begins(known: Known, session: Session) -> None:
    """A generation begins: it is its prompt's only one, and its user has no more than the tier allows."""
    _check_alone(known, session)
    if session.kind is MessageKind.CHAT:
        running = _written(known, session.user_id)
        if len(running) > known.world.limits.concurrent_streams:
            known.violated(f"{len(running)} answers are written for {session.user_id}: {running}")


def _check_alone(known: Known, session: Session) -> None:
    """One prompt has one answer written at a time."""
    now = EPOCH + known.now
    for (session_id, epoch), other in known.generations.items():
        if (
            other.session.prompt_message_id != session.prompt_message_id
            or session_id == session.session_id
            or other.process.dead
        ):
            continue
        stored = known.world.stored.sessions.get(session_id)
        if stored is not None and stored.epoch == epoch and stored.lease_lives(now + MARGIN_SECONDS):
            known.violated(f"{session_id} and {session.session_id} answer the same prompt at the same time")


def _written(known: Known, user_id: str) -> list[str]:
    """The user's sessions that a live process produces under its own lease."""
    now = EPOCH + known.now
    found = []
    for (session_id, epoch), generation in known.generations.items():
        session = generation.session
        if session.user_id != user_id or session.kind is not MessageKind.CHAT or generation.process.dead:
            continue
        stored = known.world.stored.sessions.get(session_id)
        if stored is not None and stored.epoch == epoch and stored.lease_lives(now + MARGIN_SECONDS):
            found.append(session_id)
    return found
