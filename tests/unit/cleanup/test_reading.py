"""What a run reads: more than a page, nothing at all, and sessions that are finished meanwhile."""

import pytest

from chat.errors import StorageError
from chat.sessions import Session, SessionState
from chat.sessions.index import SHARDS, IndexPage
from chat_cleanup.sweep import MAX_FAILED_SHARDS, PAGE_SESSIONS
from fakes.conversation import SESSION_SECONDS
from fakes.functions.cleanup_world import CleanupWorld


@pytest.fixture
def world() -> CleanupWorld:
    return CleanupWorld()


def test_shard_of_several_pages_is_walked_to_its_end(world: CleanupWorld) -> None:
    count = 2 * PAGE_SESSIONS + 1
    for _ in range(count):
        world.start(shard=1)
    waiting = world.start(shard=1)
    assert world.run()["ActiveSessions"] == count + 1
    world.clock.advance(SESSION_SECONDS - 1)
    later = world.start(shard=1)
    world.clock.advance(1)
    assert world.run()["SessionsExpired"] == count + 1
    assert set(world.database.sessions) == {later.session_id}
    assert waiting.session_id not in world.database.sessions


def test_storage_that_is_down_is_not_asked_for_each_shard(world: CleanupWorld) -> None:
    """Each question may take as long as its timeouts: all of them would take longer than Lambda allows."""
    asked: list[int] = []

    def down(shard: int, *, after: str, limit: int) -> IndexPage:
        asked.append(shard)
        raise StorageError("No.")

    world.index.page = down  # type: ignore[method-assign]
    with pytest.raises(StorageError):
        world.run()
    assert len(asked) == MAX_FAILED_SHARDS < SHARDS


def test_stream_that_ends_between_two_looks_is_not_counted_as_open(world: CleanupWorld) -> None:
    """The index says streaming; the session itself is finished, with a lease that would still live."""
    conversation = world.conversation()
    session = world.start(conversation)
    attached = world.attach(session).session
    get = world.sessions.get

    def ends_first(session_id: str) -> Session | None:
        stored = get(session_id)
        if stored is not None and not stored.state.finished:
            answer = conversation.answer(session, created_at=world.clock.now())
            world.sessions.finish(attached, state=SessionState.COMPLETED, answer=answer)
        return get(session_id)

    world.sessions.get = ends_first  # type: ignore[method-assign]
    found = world.run()
    assert (found["ActiveSessions"], found["StreamsInFlight"], found["SessionsSettled"]) == (0, 0, 0)
