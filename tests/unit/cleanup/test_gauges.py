"""Chats and messages since the last run, and what Redis tells."""

import pytest

from chat.errors import StorageError
from chat.messages import MessageStatus
from chat.redis.statistics import RedisStatistics
from chat.sessions import SessionState
from chat.sessions.index import Bucket, IndexPage
from chat_cleanup.activity import FIRST_INTERVAL_SECONDS, LAG_SECONDS, LONGEST_INTERVAL_SECONDS
from fakes.cleanup_world import CleanupWorld, FakeTime
from fakes.conversation import SESSION_SECONDS, Conversation


@pytest.fixture
def world() -> CleanupWorld:
    found = CleanupWorld()
    found.run()  # from here on every run counts from the last one
    return found


def ask(world: CleanupWorld, conversation: Conversation, *, answered: bool = True) -> None:
    """A prompt now, whose session's id is of this time; answered a second later."""
    now = world.clock.now()
    session = world.start(conversation)
    if answered:
        attached = world.attach(session).session
        answer = conversation.answer(session, created_at=now + 1)
        world.sessions.finish(attached, state=SessionState.COMPLETED, answer=answer)


def activity(world: CleanupWorld) -> tuple[float, float]:
    found = world.run()
    return found["ChatsInInterval"], found["MessagesInInterval"]


def test_chats_and_messages_are_those_since_the_last_run(world: CleanupWorld) -> None:
    first, second = world.conversation(), world.conversation()
    for conversation in (first, first, second):
        world.clock.advance(10)
        ask(world, conversation)
    ask(world, second, answered=False)
    world.clock.advance(300)
    assert activity(world) == (2, 7)
    world.clock.advance(300)
    assert activity(world) == (0, 0)


def test_same_chat_id_of_two_users_is_two_chats(world: CleanupWorld) -> None:
    for user in ("alice", "bob"):
        ask(world, Conversation(world.stores, user_id=user, chat_id="the-same"))
    world.clock.advance(300)
    assert activity(world) == (2, 4)


def test_answer_counts_when_it_is_stored(world: CleanupWorld) -> None:
    session = world.cut_off("Once upon")
    world.clock.advance(300)
    found = world.run()
    assert (found["SessionsSettled"], found["MessagesInInterval"]) == (1, 1), "the prompt"
    (answer,) = world.database.chat(session.user_id, session.chat_id)[1:]
    assert answer.status is MessageStatus.INTERRUPTED
    world.clock.advance(300)
    assert activity(world) == (0, 1)


def test_last_moments_are_the_next_runs(world: CleanupWorld) -> None:
    """The index may not have them yet."""
    world.clock.advance(300)
    ask(world, world.conversation(), answered=False)
    world.clock.advance(LAG_SECONDS - 1)
    assert activity(world) == (0, 0)
    world.clock.advance(300)
    assert activity(world) == (1, 1)


def test_runs_that_were_left_out_are_made_up_for(world: CleanupWorld) -> None:
    ask(world, world.conversation())
    world.clock.advance(3000)
    assert activity(world) == (1, 2)


def test_first_run_counts_the_last_minutes() -> None:
    world = CleanupWorld()
    ask(world, world.conversation(), answered=False)
    world.clock.advance(FIRST_INTERVAL_SECONDS)
    ask(world, world.conversation(), answered=False)
    world.clock.advance(LAG_SECONDS + 1)
    assert activity(world) == (1, 1)


def test_after_a_long_pause_only_what_is_known_for_sure_is_counted(world: CleanupWorld) -> None:
    ask(world, world.conversation())
    world.clock.advance(LONGEST_INTERVAL_SECONDS + LAG_SECONDS + 10)
    ask(world, world.conversation())
    world.clock.advance(LAG_SECONDS + 5)
    assert activity(world) == (1, 2)


def test_session_removed_by_the_same_run_is_counted(world: CleanupWorld) -> None:
    ask(world, world.conversation(), answered=False)
    world.clock.advance(SESSION_SECONDS + 1)
    found = world.run()
    assert (found["SessionsExpired"], found["MessagesInInterval"]) == (1, 1)


def test_counting_that_fails_claims_nothing_and_costs_nothing_else(world: CleanupWorld) -> None:
    ask(world, world.conversation())
    world.clock.advance(SESSION_SECONDS + 1)
    page = world.index.page

    def fails(bucket: Bucket, *, after: str, limit: int) -> IndexPage:
        if bucket.finished:
            raise StorageError("No.")
        return page(bucket, after=after, limit=limit)

    world.index.page = fails  # type: ignore[method-assign]
    assert "MessagesInInterval" not in world.run()
    world.index.page = page  # type: ignore[method-assign]
    assert activity(world) == (1, 2)


def test_counting_takes_a_quarter_of_the_time_at_most(world: CleanupWorld) -> None:
    ask(world, world.conversation())
    world.start()
    world.clock.advance(SESSION_SECONDS + 1)
    found = world.run(FakeTime(seconds_a_look=2))
    assert "MessagesInInterval" not in found
    assert found["SessionsExpired"] == 1
    assert activity(world) == (1, 2), "the removed one is not known any more"


def test_redis_gauges_are_published(world: CleanupWorld) -> None:
    world.statistics = RedisStatistics(entries=12, memory_bytes=1_000_000, hit_rate_percent=87.5)
    found = world.run()
    assert (found["CacheEntries"], found["CacheMemoryBytes"], found["CacheHitRate"]) == (12, 1_000_000, 87.5)


def test_what_redis_does_not_tell_is_left_out(world: CleanupWorld) -> None:
    world.statistics = RedisStatistics(entries=0)
    found = world.run()
    assert found["CacheEntries"] == 0
    assert not {"CacheMemoryBytes", "CacheHitRate"} & found.keys()
