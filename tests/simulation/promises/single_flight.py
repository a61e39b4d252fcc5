"""Equal questions that are asked at the same time cost one call."""

from typing import TYPE_CHECKING

from simulation.promises.known import MARGIN_SECONDS, Known

if TYPE_CHECKING:
    from simulation.world.provider import ProviderCall


def check_single_flight(known: Known, call: "ProviderCall") -> None:
    """Equal questions cost one call while the leader lives, and Redis works."""
    world = known.world
    if not world.plan.has_redis or not call.question.startswith("common"):
        return
    for earlier in world.provider.calls[: call.number]:
        if earlier.question != call.question or earlier.session_id == call.session_id:
            continue
        if not (_shares(known, earlier.session_id) and _shares(known, call.session_id)):
            continue
        if world.plan.scope_to_user and _user(known, earlier) != _user(known, call):
            continue
        lives = earlier.ended_at is None and not earlier.process.dead and not earlier.process.frozen
        if not lives or earlier.process.thawed_at > earlier.began_at:
            continue
        if known.now - earlier.began_at < MARGIN_SECONDS:
            continue
        processes = earlier.process, call.process
        # A leader that cannot renew its lease counts as dead.
        if max(world.redis.works_since(*processes), world.database.works_since(*processes)) > earlier.began_at - 1:
            continue
        known.violated(f"{call.question!r} is asked for by {call.session_id} while {earlier.session_id} is answered")


def _shares(known: Known, session_id: str) -> bool:
    session = known.world.stored.sessions.get(session_id)
    return session is not None and session.use_cache


def _user(known: Known, call: "ProviderCall") -> str:
    return known.sessions[call.session_id].user_id
