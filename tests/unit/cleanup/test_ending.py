"""What a run does to sessions."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from chat.messages import MessageStatus
from chat.metrics import Metric
from chat.sessions import STREAM_LIFETIME_SECONDS, Session, SessionState
from fakes.conversation import LEASE_SECONDS, SESSION_SECONDS
from fakes.functions.cleanup_world import SETTINGS, CleanupWorld, FakeTime

DEAD_SECONDS = LEASE_SECONDS + SETTINGS.cleanup_dead_lease_seconds


@pytest.fixture
def world() -> CleanupWorld:
    return CleanupWorld()


def history(world: CleanupWorld, session: Session) -> list[tuple[str, MessageStatus]]:
    messages = world.database.chat(session.user_id, session.chat_id)
    return [(message.content, message.status) for message in messages]


def test_empty_table_yields_zeros(world: CleanupWorld) -> None:
    assert world.run() == {
        "SessionsExpired": 0,
        "SessionsSettled": 0,
        "CleanupFailures": 0,
        "OldestStuckSeconds": 0,
        "ActiveSessions": 0,
        "StreamsInFlight": 0,
    }


def test_expired_session_is_removed_and_its_prompt_stays(world: CleanupWorld) -> None:
    session = world.start()
    world.clock.advance(SESSION_SECONDS + 42)
    found = world.run()
    assert world.sessions.get(session.session_id) is None
    assert history(world, session) == [("Hello?", MessageStatus.COMPLETE)]
    assert (found["SessionsExpired"], found["ActiveSessions"], found["OldestStuckSeconds"]) == (1, 0, 42)
    assert world.run()["SessionsExpired"] == 0


def test_session_in_time_is_left_alone(world: CleanupWorld) -> None:
    session = world.start()
    world.clock.advance(SESSION_SECONDS - 1)
    found = world.run()
    assert world.sessions.get(session.session_id) == session
    assert (found["SessionsExpired"], found["ActiveSessions"], found["StreamsInFlight"]) == (0, 1, 0)


def test_live_stream_is_left_alone(world: CleanupWorld) -> None:
    session = world.cut_off()
    world.clock.advance(DEAD_SECONDS - 1)
    found = world.run()
    assert world.sessions.get(session.session_id) == session
    assert (found["SessionsSettled"], found["ActiveSessions"], found["StreamsInFlight"]) == (0, 1, 1)


def test_dead_stream_is_settled_with_its_checkpoint(world: CleanupWorld) -> None:
    session = world.cut_off("Once upon")
    world.clock.advance(DEAD_SECONDS + 100)
    found = world.run()
    assert history(world, session)[1:] == [("Once upon", MessageStatus.INTERRUPTED)]
    settled = world.sessions.get(session.session_id)
    assert settled is not None
    assert settled.state is SessionState.FAILED
    assert settled.failure is not None
    assert (settled.failure.code, settled.failure.retryable) == ("interrupted", True)
    assert (found["SessionsSettled"], found["ActiveSessions"], found["StreamsInFlight"]) == (1, 0, 0)
    assert found["OldestStuckSeconds"] == DEAD_SECONDS + 100 - LEASE_SECONDS
    assert world.run()["SessionsSettled"] == 0


def test_dead_stream_is_settled_with_what_the_log_has(world: CleanupWorld) -> None:
    session = world.cut_off("Once upon")
    world.control.texts[session.session_id, session.epoch] = "Once upon a time"
    world.clock.advance(DEAD_SECONDS)
    world.run()
    assert history(world, session)[1:] == [("Once upon a time", MessageStatus.INTERRUPTED)]


def test_dead_stream_is_settled_also_when_its_time_is_over(world: CleanupWorld) -> None:
    session = world.cut_off("Once upon")
    world.clock.advance(STREAM_LIFETIME_SECONDS * 3)
    assert world.run()["SessionsSettled"] == 1
    assert history(world, session)[1:] == [("Once upon", MessageStatus.INTERRUPTED)]


def test_dead_stream_that_was_to_be_stopped_is_stopped(world: CleanupWorld) -> None:
    session = world.cut_off("Once upon")
    world.sessions.request_stop(session.session_id, user_id=session.user_id, now=world.clock.now())
    world.clock.advance(DEAD_SECONDS)
    assert world.run()["SessionsSettled"] == 1
    assert history(world, session)[1:] == [("Once upon", MessageStatus.STOPPED)]


def test_stream_that_died_before_any_text_waits_for_its_client(world: CleanupWorld) -> None:
    session = world.attach(world.start()).session
    world.clock.advance(STREAM_LIFETIME_SECONDS - 1)
    found = world.run()
    assert world.sessions.get(session.session_id) == session
    assert (found["ActiveSessions"], found["StreamsInFlight"], found["OldestStuckSeconds"]) == (1, 0, 0)


def test_stream_that_died_before_any_text_is_removed_in_the_end(world: CleanupWorld) -> None:
    session = world.attach(world.start()).session
    world.clock.advance(STREAM_LIFETIME_SECONDS)
    found = world.run()
    assert world.sessions.get(session.session_id) is None
    assert history(world, session) == [("Hello?", MessageStatus.COMPLETE)]
    assert (found["SessionsExpired"], found["SessionsSettled"]) == (1, 0)


def test_finished_session_is_left_to_its_ttl(world: CleanupWorld) -> None:
    conversation = world.conversation()
    conversation.turn("Hello?", "Hello!", now=world.clock.now())
    world.clock.advance(STREAM_LIFETIME_SECONDS * 2)
    world.run()
    (session,) = world.database.sessions.values()
    assert session.state is SessionState.COMPLETED


def test_session_that_begins_between_look_and_removal_is_kept(world: CleanupWorld) -> None:
    """The index says pending and expired; the session itself has been streamed since."""
    session = world.start()
    remove = world.index.remove_expired
    late = world.clock.now() + SESSION_SECONDS

    def begins_first(session_id: str, *, now: float) -> bool:
        world.clock.set(late - 1)
        world.attach(session)
        world.clock.set(late)
        return remove(session_id, now=now)

    world.index.remove_expired = begins_first  # type: ignore[method-assign]
    world.clock.set(late)
    found = world.run()
    stored = world.sessions.get(session.session_id)
    assert stored is not None
    assert stored.state is SessionState.STREAMING
    assert (found["SessionsExpired"], found["StreamsInFlight"], found["CleanupFailures"]) == (0, 1, 0)


def test_runs_at_once_count_nothing_twice(world: CleanupWorld) -> None:
    """Also of chats and messages: the time that is counted is claimed."""
    for _ in range(50):
        world.start()
        world.cut_off()
    started = world.clock.advance(SESSION_SECONDS)
    barrier = Barrier(4)

    def run() -> None:
        barrier.wait()
        world.run(FakeTime())

    with ThreadPoolExecutor(4) as runs:
        for done in [runs.submit(run) for _ in range(4)]:
            done.result()
    assert world.clock.now() == started
    assert world.metrics.total(Metric.SESSIONS_EXPIRED) == 50
    assert world.metrics.total(Metric.SESSIONS_SETTLED) == 50
    assert world.metrics.total(Metric.CLEANUP_FAILURES) == 0
