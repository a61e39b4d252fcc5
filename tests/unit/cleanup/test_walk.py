"""A run is bounded in time, resumes where the last one ended, and continues past failing sessions."""

import pytest

from chat.errors import StorageError
from chat.metrics import Metric, fields
from chat.sessions import Session
from chat.sessions.index import FIRST_IN_TIME, SHARDS, IndexPage, Position
from chat_cleanup.sweep import MAX_LOGGED, ShardRange, shard_ranges
from fakes.conversation import SESSION_SECONDS
from fakes.functions.cleanup_world import LAMBDA_SECONDS, CleanupWorld, FakeTime


@pytest.fixture
def world() -> CleanupWorld:
    return CleanupWorld()


def expired_sessions(world: CleanupWorld, count: int, shard: int | None = None) -> list[Session]:
    sessions = [world.start(shard=shard) for _ in range(count)]
    world.clock.advance(SESSION_SECONDS)
    return sessions


def left(world: CleanupWorld) -> set[str]:
    return set(world.database.sessions)


@pytest.mark.parametrize(
    "positions",
    [(), (Position(0, "M"),), (Position(7, "M"), Position(3, "A")), tuple(Position(shard, "M") for shard in range(8))],
)
def test_walk_goes_around_once(positions: tuple[Position, ...]) -> None:
    """Each shard completely and once."""
    seen = dict.fromkeys(range(SHARDS), "")
    for shard_range in shard_ranges(positions):
        seen[shard_range.shard] += "".join(name for name in "AMZ" if name in shard_range)
    assert {shard: sorted(names) for shard, names in seen.items()} == {shard: list("AMZ") for shard in range(SHARDS)}


def test_walk_begins_with_what_was_left() -> None:
    walk = list(shard_ranges([Position(6, "M"), Position(2, FIRST_IN_TIME)]))
    assert walk[:2] == [ShardRange(6, after="M"), ShardRange(2)]
    assert [shard_range.shard for shard_range in walk[2:-1]] == [0, 1, 3, 4, 5, 7]
    assert walk[-1] == ShardRange(6, last="M")


def test_run_out_of_time_leaves_the_rest_to_the_next(world: CleanupWorld) -> None:
    sessions = expired_sessions(world, 300)
    runs = 0
    while left(world):
        before = len(left(world))
        found = world.run(FakeTime(seconds_a_look=1))
        runs += 1
        assert found["SessionsExpired"] == before - len(left(world)) > 0
        assert bool(world.positions) == bool(left(world))
    assert runs > 2
    assert world.metrics.total(Metric.SESSIONS_EXPIRED) == len(sessions)
    assert world.metrics.total(Metric.CLEANUP_FAILURES) == 0


def test_end_of_a_session_is_logged_with_its_chat(world: CleanupWorld, caplog: pytest.LogCaptureFixture) -> None:
    """A search of the logs for a chat finds how its sessions ended, and which could not be ended."""
    expired, settled, bad = world.start(), world.cut_off(), world.start()
    world.clock.advance(SESSION_SECONDS)
    BadSessions(world, [bad], StorageError("No."))
    with caplog.at_level("INFO"):
        world.run()
    told = {vars(record)[fields.CONVERSATION_ID]: record for record in caplog.records}
    assert {chat: (record.getMessage(), vars(record)[fields.SESSION_ID]) for chat, record in told.items()} == {
        expired.chat_id: ("session expired", expired.session_id),
        settled.chat_id: ("session settled", settled.session_id),
        bad.chat_id: ("cleanup failure", bad.session_id),
    }


def test_no_shard_starves(world: CleanupWorld) -> None:
    """Runs too short for the first shard's backlog still reach the last shard."""
    (last,) = expired_sessions(world, 1, shard=7)
    world.clock.advance(-SESSION_SECONDS)
    expired_sessions(world, 100, shard=0)
    for _ in range(20):
        world.run(FakeTime(seconds_a_look=2))
        if last.session_id not in left(world):
            break
        world.clock.advance(-SESSION_SECONDS)
        expired_sessions(world, 100, shard=0)
    assert last.session_id not in left(world)
    assert left(world), "it came to the last shard although it never finished the first"


def test_time_that_is_short_from_the_start_is_used(world: CleanupWorld) -> None:
    expired_sessions(world, 3)
    assert world.run(FakeTime(left=4))["SessionsExpired"] == 3


def test_gauges_are_whole_although_the_work_is_not(world: CleanupWorld) -> None:
    """There is time to count what is open after the time to end it is over."""
    expired_sessions(world, 400)
    world.start()
    world.attach(world.start())
    found = world.run(FakeTime(seconds_a_look=0.5))
    assert 0 < found["SessionsExpired"] < 400
    assert (found["ActiveSessions"], found["StreamsInFlight"]) == (2, 1)
    facts = world.metrics.records[-1].log_fields
    assert (facts["complete"], facts["sessions_left"]) == (True, 400 - found["SessionsExpired"])


def test_gauges_that_are_not_whole_are_left_out(world: CleanupWorld) -> None:
    expired_sessions(world, 100)
    world.start()
    found = world.run(FakeTime(seconds_a_look=LAMBDA_SECONDS / 4))
    assert "ActiveSessions" not in found
    assert world.metrics.records[-1].log_fields["complete"] is False
    assert world.positions


class BadSessions:
    """Sessions at which the storage fails, each time."""

    def __init__(self, world: CleanupWorld, sessions: list[Session], error: Exception) -> None:
        self._ids = {session.session_id for session in sessions}
        self._error = error
        self._remove = world.index.remove_expired
        world.index.remove_expired = self.remove_expired  # type: ignore[method-assign]

    def remove_expired(self, session_id: str, *, now: float) -> bool:
        if session_id in self._ids:
            raise self._error
        return self._remove(session_id, now=now)


@pytest.mark.parametrize("error", [StorageError("No."), ValueError("the secret text"), KeyError("x"), RecursionError()])
def test_bad_sessions_block_nobody(world: CleanupWorld, caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    sessions = expired_sessions(world, 60)
    bad = sessions[::20]
    BadSessions(world, bad, error)
    for expected in (57, 0):
        world.clock.advance(10)
        found = world.run()
        assert (found["SessionsExpired"], found["CleanupFailures"]) == (expected, 3)
        assert left(world) == {session.session_id for session in bad}
        assert world.positions == ()
    assert found["OldestStuckSeconds"] == 20
    logged = str([vars(record) for record in caplog.records])
    assert all(session.session_id in logged for session in bad)
    assert type(error).__name__ in logged
    assert "secret text" not in logged
    assert "Hello?" not in logged


def test_unreadable_sessions_are_counted_and_block_nobody(world: CleanupWorld) -> None:
    sessions = expired_sessions(world, 20)
    world.index.unreadable = {sessions[0].session_id, sessions[7].session_id}
    found = world.run()
    assert (found["SessionsExpired"], found["CleanupFailures"]) == (18, 2)


def test_many_failures_are_counted_and_not_all_logged(world: CleanupWorld, caplog: pytest.LogCaptureFixture) -> None:
    BadSessions(world, expired_sessions(world, 100), StorageError("No."))
    assert world.run()["CleanupFailures"] == 100
    assert len(caplog.records) == MAX_LOGGED


def test_session_that_ends_the_process_blocks_nobody(world: CleanupWorld) -> None:
    """The next run starts behind it, so later sessions are not starved."""
    first, second = expired_sessions(world, 1, shard=2)[0], world.start(shard=5)
    world.clock.advance(SESSION_SECONDS)

    class Killed(BaseException):
        pass

    BadSessions(world, [first], Killed())  # type: ignore[arg-type]
    with pytest.raises(Killed):
        world.run()
    with pytest.raises(Killed):
        world.run()
    assert left(world) == {first.session_id}
    assert second.session_id not in left(world)


def test_shard_that_cannot_be_read_blocks_no_other(world: CleanupWorld) -> None:
    expired_sessions(world, 64)
    page = world.index.page

    def fails_once(shard: int, *, after: str, limit: int) -> IndexPage:
        if shard == 3:
            raise StorageError("No.")
        return page(shard, after=after, limit=limit)

    world.index.page = fails_once  # type: ignore[method-assign]
    found = world.run()
    assert found["SessionsExpired"] == 64 - len(left(world))
    assert found["CleanupFailures"] == 1
    assert "ActiveSessions" not in found
    world.index.page = page  # type: ignore[method-assign]
    world.run()
    assert left(world) == set()


def test_storage_that_is_down_fails_the_run(world: CleanupWorld) -> None:
    """Lambda then retries it and sends it to the dead letter queue."""
    world.start()
    world.database.failing = True
    with pytest.raises(StorageError):
        world.run()
    assert world.metrics.published == {Metric.CLEANUP_FAILURES}


def test_record_that_cannot_be_kept_costs_no_session_its_end(world: CleanupWorld) -> None:
    expired_sessions(world, 5)

    def fails(*_: object, **__: object) -> None:
        raise StorageError("No.")

    world.record.read = fails  # type: ignore[method-assign,assignment]
    world.record.store = fails  # type: ignore[method-assign]
    found = world.run()
    assert found["SessionsExpired"] == 5
