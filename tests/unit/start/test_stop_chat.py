"""Stopping a session whose producer has died: whoever stops it also ends it, and publishes that."""

from chat.auth.access import Access
from chat.catalog import load_catalog
from chat.metrics import Metric
from chat.redis import NoLogControl
from chat.sessions import SessionState
from chat.users import Tier
from chat_start.stop_chat import StopChat
from fakes.functions.cleanup_world import CleanupWorld


def test_session_that_the_stop_settles_is_published_as_stopped() -> None:
    world = CleanupWorld()
    session = world.cut_off("Once upon")
    world.clock.advance(60)
    stop = StopChat(
        access=Access(world.stores.users, world.clock, default_tier=Tier.BASIC),
        sessions=world.sessions,
        control=NoLogControl(),
        clock=world.clock,
        catalog=load_catalog(),
        metrics=world.metrics,
    )

    assert stop(session.session_id, session.user_id) is SessionState.STOPPED

    assert world.metrics.only().values == {Metric.STREAMS_STOPPED: [1]}
    assert stop(session.session_id, session.user_id) is SessionState.STOPPED
    assert len(world.metrics.records) == 1
