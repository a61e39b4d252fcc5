"""What a client can rely on while its connection is open, and when it is closed."""

from chat.sessions import AttachDecision, Session
from chat_stream.attach.client_stream import TAKE_OVER_SECONDS
from simulation.promises.known import MARGIN_SECONDS, SETTLED_SECONDS, Known
from simulation.world.clocks import EPOCH
from simulation.world.connection import CONNECTION, Connection, Event
from simulation.world.service import SETTINGS

SILENCE_MARGIN_SECONDS = 0.5
"""Added to the ping interval."""
REPLACED_SECONDS = 8.0
"""By when a replaced connection has ended: its follower reads the record every five seconds, and a read takes time."""
TAKEN_OVER_SECONDS = 3.0
"""How old a reading may be by which a follower takes the session for abandoned."""


def check_open(known: Known) -> None:
    """Open connections are not silent, and those that were replaced end soon."""
    now = known.now
    for connection in known.world.connections:
        process = connection.process
        if process.frozen:
            continue
        silent_since = max(connection.last_sent_at, process.thawed_at)
        if now - silent_since > SETTINGS[process.version].ping_seconds + SILENCE_MARGIN_SECONDS:
            known.violated(f"{process.name} sends {connection.client} nothing for {now - silent_since:.1f} s")
        if connection.replaced_at is not None:
            _check_replaced(known, connection, connection.replaced_at)


def note_attached(known: Known, attachment: AttachDecision) -> None:
    """The database has recorded a newer connection of a client."""
    this, viewer = CONNECTION.get(), attachment.viewer
    for connection in known.world.connections:
        if viewer is None or (connection.session_id, connection.client) != (this.session_id, viewer.key):
            continue
        if connection is this:
            connection.replaced_at = None
        elif connection.replaced_at is None:
            connection.replaced_at = known.now


def check_refusal(known: Known, connection: Connection, event: Event) -> None:
    """A client gets 204, after which it does not reconnect, only if its session is over."""
    session = known.world.stored.sessions.get(connection.session_id)
    if event.data["retryable"] or session is None or session.is_expired(EPOCH + known.now + MARGIN_SECONDS):
        return
    known.violated(f"{connection.client} is refused for good, and can be served: {event.data['code']}")


def check_closed(known: Known, connection: Connection) -> None:
    """A stream ends with its end, or for a reason and with a session to come back to."""
    if connection.process.dead or connection.told_end:
        return
    session = known.world.stored.sessions.get(connection.session_id)
    if session is None:
        known.violated(f"the stream of {connection.client} ends without a word, and its session is gone")
    elif connection.nothing_left:
        if not session.state.finished:
            known.violated(f"{connection.client} is told that nothing is left of a session that is {session.state}")
    elif not _has_reason(known, connection, session):
        known.violated(f"{connection.process.name} closes the stream of {connection.client} without a word")
    elif session.is_expired(EPOCH + known.now):
        known.violated(f"the stream of {connection.client} ends without a word, and its session is expired")


def _check_replaced(known: Known, connection: Connection, replaced_at: float) -> None:
    producer = known.producer_of(connection.session_id)
    if producer is not None and producer.connection is connection:
        return  # the answer continues without readers
    process = connection.process
    since = max(replaced_at, process.thawed_at, known.world.database.works_since(process) + SETTLED_SECONDS)
    if known.now - since > REPLACED_SECONDS:
        known.violated(
            f"{process.name} goes on for {known.now - since:.1f} s with a stream that {connection.client} left"
        )


def _has_reason(known: Known, connection: Connection, session: Session) -> bool:
    """Whether the client has another connection, or Lambda's time is over, or there is none left for an answer."""
    deadline = connection.deadline
    if connection.replaced_at is not None or deadline is None or known.now >= deadline:
        return True
    is_stopping = known.world.host_of(connection.process).stopping.is_set()
    if not is_stopping and deadline - known.now > TAKE_OVER_SECONDS:
        return False
    producers = known.sessions[connection.session_id].producers
    taken_over = bool(producers) and known.now - producers[-1][2] < TAKEN_OVER_SECONDS
    return taken_over or not session.lease_lives(EPOCH + known.now + MARGIN_SECONDS)
