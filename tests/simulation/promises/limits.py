"""The limits of a tier: no user is refused below the limit, and none exceeds it."""

from chat.limits.rates import WINDOW_SECONDS
from chat.limits.slots import ATTACH_SECONDS
from chat.sessions import Session, SessionState
from simulation.engine.process import Process
from simulation.promises.known import MARGIN_SECONDS, Known
from simulation.world.clocks import EPOCH


def check_too_many_streams(known: Known, user_id: str, session_id: str, process: Process, *, since: float) -> None:
    """A refusal by the limit of running streams; `since` is when the process began to look for a slot."""
    if process.thawed_at > since or known.world.database.works_since(process) > since:
        return  # what was read may be seconds old
    limit = known.world.limits.concurrent_streams
    running = [
        other
        for other, session in known.world.stored.sessions.items()
        if session.user_id == user_id and other != session_id and _may_run(known, session, since)
    ]
    if len(running) < limit:
        known.violated(f"{user_id} is told that {limit} answers are written: only {running} may be")


def check_slot(known: Known, session_id: str) -> None:
    """An expired session takes no slot from others."""
    session = known.world.stored.sessions[session_id]
    if session.is_expired(EPOCH + known.now - MARGIN_SECONDS):
        known.violated(f"{session_id} is given a slot, and has expired")


def check_counted(known: Known, user_id: str) -> None:
    """The rate limit has granted a request, or has been given one back."""
    limiter, limit = known.world.rate_limiter, known.world.limits.requests_per_minute
    counted, granted = limiter.counted(user_id), limiter.granted_since(user_id, 0.0)
    if counted > granted:
        known.violated(
            f"the rate limit counts {counted} requests of {user_id}, of which {granted} were granted and kept"
        )
    recent = limiter.granted_since(user_id, known.now - WINDOW_SECONDS + MARGIN_SECONDS)
    if recent > limit:
        known.violated(f"{user_id} was granted {recent} requests in a minute, the limit is {limit}")


def check_rate_limited(known: Known, user_id: str) -> None:
    """The rate limit has refused a request."""
    limiter, limit = known.world.rate_limiter, known.world.limits.requests_per_minute
    recent = limiter.granted_since(user_id, known.now - WINDOW_SECONDS - MARGIN_SECONDS)
    if recent < limit:
        known.violated(f"{user_id} is refused with {recent} requests in the last minute, the limit is {limit}")


def check_all_counted(known: Known) -> None:
    """In the end: every session was counted, and nothing else."""
    limiter, sessions = known.world.rate_limiter, known.world.backends.sessions
    stored, counted = sessions.started, limiter.granted - limiter.given_back - limiter.lost
    if not stored <= limiter.granted or counted > stored + sessions.unknown:
        known.violated(
            f"{limiter.granted} starts were counted, {limiter.given_back} given back, {stored} sessions stored"
        )


def _may_run(known: Known, session: Session, since: float) -> bool:
    """Whether it was written at some moment since then, or for all that anybody could know was."""
    seen = known.sessions.get(session.session_id)
    if session.state.finished and seen is not None and seen.finished_at is not None and seen.finished_at < since:
        return False
    if session.state is not SessionState.PENDING and session.lease_expires_at > EPOCH + since - MARGIN_SECONDS:
        return True
    taken_at = known.world.backends.slots.held_since(session.session_id, since)
    return taken_at is not None and taken_at + ATTACH_SECONDS > since - MARGIN_SECONDS
