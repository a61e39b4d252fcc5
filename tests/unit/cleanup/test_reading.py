"""What a run reads: more than a page, nothing at all, and sessions that are finished meanwhile."""

from collections.abc import Callable

import pytest

from chat.errors import StorageError
from chat.sessions import Session, SessionState
from chat.sessions.index import SHARDS, Bucket, IndexPage
from chat_cleanup.activity import LAG_SECONDS
from chat_cleanup.sweep import MAX_FAILED_SHARDS, PAGE_SESSIONS
from fakes.cleanup_world import CleanupWorld
from fakes.conversation import SESSION_SECONDS, Conversation


@pytest.fixture
def world() -> CleanupWorld:
    return CleanupWorld()


class Before:
    """Something that happens once, right before a page of that kind of bucket is read."""

    def __init__(self, world: CleanupWorld, *, finished: bool, happens: Callable[[], None]) -> None:
        self._finished = finished
        self._happens = happens
        self._page = world.index.page
        self.happened = False
        world.index.page = self.page  # type: ignore[method-assign]

    def page(self, bucket: Bucket, *, after: str, limit: int) -> IndexPage:
        if not self.happened and bucket.finished is self._finished:
            self.happened = True
            self._happens()
        return self._page(bucket, after=after, limit=limit)


def finish(world: CleanupWorld, conversation: Conversation, session: Session) -> None:
    attached = world.attach(session).session
    answer = conversation.answer(session, created_at=world.clock.now() - LAG_SECONDS - 1)
    world.sessions.finish(attached, state=SessionState.COMPLETED, answer=answer)


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
    asked: list[Bucket] = []

    def down(bucket: Bucket, *, after: str, limit: int) -> IndexPage:
        if limit == PAGE_SESSIONS:
            asked.append(bucket)
        raise StorageError("No.")

    world.index.page = down  # type: ignore[method-assign]
    with pytest.raises(StorageError):
        world.run()
    assert len(asked) == MAX_FAILED_SHARDS < SHARDS


@pytest.mark.parametrize("finished", [False, True])
def test_session_that_is_finished_while_it_is_counted_counts_once(world: CleanupWorld, *, finished: bool) -> None:
    conversation = world.conversation()
    session = world.start(conversation)
    world.clock.advance(60)
    meanwhile = Before(world, finished=finished, happens=lambda: finish(world, conversation, session))
    found = world.run()
    assert meanwhile.happened
    assert (found["ChatsInInterval"], found["MessagesInInterval"]) == (1, 2)


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
