"""MessageStore.latest with `max_bytes`: what fits, and no more reading than that takes."""

from collections.abc import Iterator

import pytest

from chat.dynamo import Tables
from chat.messages import Message, MessageKind
from chat.sessions import Session, SessionState
from fakes.conversation import NOW, Conversation, dynamo_stores
from fakes.dynamodb.meter import DynamoDBMeter, dynamodb_meter
from fakes.dynamodb.tables import connect
from fakes.texts import noise

ONE_PAGE = 1_048_576
"""What a query of DynamoDB gives at most."""


def prompts(conversation: Conversation, *contents: str) -> list[str]:
    for at, content in enumerate(contents):
        conversation.start(content, now=NOW + at)
    return list(contents)


def latest(conversation: Conversation, max_bytes: int | None, limit: int = 200) -> list[str]:
    found: tuple[Message, ...] = conversation.stores.messages.latest(
        conversation.user_id, conversation.chat_id, limit=limit, max_bytes=max_bytes
    )
    return [message.content for message in found]


@pytest.mark.parametrize(
    ("max_bytes", "count"),
    [(None, 4), (100, 4), (18, 4), (17, 3), (12, 3), (11, 2), (8, 2), (7, 1), (4, 1), (1, 1), (0, 1)],
)
def test_latest_ends_before_the_first_that_does_not_fit(
    conversation: Conversation, max_bytes: int | None, count: int
) -> None:
    """A message is 6, 4, 4 and 4 bytes long, counted in UTF-8; the newest comes always."""
    contents = prompts(conversation, "eleven", "éé", "four", "last")
    assert latest(conversation, max_bytes) == contents[-count:]


def test_latest_leaves_no_gap_for_a_message_that_does_not_fit(conversation: Conversation) -> None:
    prompts(conversation, "a", "b" * 50, "c", "d")
    assert latest(conversation, 20) == ["c", "d"]


def test_latest_spends_no_room_on_what_no_model_is_given(conversation: Conversation) -> None:
    """Slash commands, and an answer after which the prompt was answered again."""
    asked, _ = conversation.turn("first", "x" * 50)
    answered = asked.session_id
    again = conversation.restart(stored_session(conversation, answered), now=NOW + 1)
    finish(conversation, again, "short")
    conversation.start("/usage " + "y" * 50, now=NOW + 2, kind=MessageKind.COMMAND)
    conversation.start("last", now=NOW + 3)

    assert latest(conversation, 20) == ["first", "short", "last"]


def stored_session(conversation: Conversation, session_id: str) -> Session:
    found = conversation.stores.sessions.get(session_id)
    assert found is not None
    return found


def finish(conversation: Conversation, session: Session, answer: str) -> None:
    attached = conversation.attach(session, now=session.created_at).session
    conversation.stores.sessions.finish(
        attached, state=SessionState.COMPLETED, answer=conversation.answer(attached, answer)
    )


def test_latest_keeps_to_the_limit_as_well(conversation: Conversation) -> None:
    contents = prompts(conversation, *"abcdef")
    assert latest(conversation, 5, limit=2) == contents[-2:]
    assert latest(conversation, 2, limit=5) == contents[-2:]


def test_latest_of_an_unknown_chat_is_empty(conversation: Conversation) -> None:
    assert latest(conversation, 10) == []


def test_latest_counts_long_texts_as_they_were(conversation: Conversation) -> None:
    """Compressed, and in parts."""
    long, packed = noise(200_000), "word " * 20_000
    contents = prompts(conversation, "first", long, packed, "last")
    room = len(packed) + 4
    assert latest(conversation, room) == contents[-2:]
    assert latest(conversation, room - 1) == contents[-1:]
    assert latest(conversation, room + len(long.encode())) == contents[-3:]
    assert latest(conversation, room + len(long.encode()) - 1) == contents[-2:]


@pytest.fixture
def metered(dynamodb_local_tables: Tables) -> Iterator[tuple[Conversation, DynamoDBMeter]]:
    """A chat whose reads are counted."""
    with dynamodb_meter(dynamodb_local_tables.connection.client.meta.endpoint_url) as (meter, url):
        conversation = Conversation(dynamo_stores(connect(url)))
        yield conversation, meter


def test_latest_of_a_great_chat_reads_what_fits(metered: tuple[Conversation, DynamoDBMeter]) -> None:
    """12 MB in messages of 400 KB, of which 128 KB stand in the message's own item."""
    conversation, meter = metered
    text = noise(100_000)
    size = len(text.encode())
    prompts(conversation, *[text] * 30)
    meter.reset()
    assert len(latest(conversation, 3 * size)) == 3
    assert dict(meter.calls) == {"Query": 1, "BatchGetItem": 3}
    bounded = meter.units["read"]
    assert bounded <= (ONE_PAGE + 3 * size) / 4096 + 10
    meter.reset()
    assert len(latest(conversation, None)) == 30
    assert meter.units["read"] > 5 * bounded


def test_latest_reads_the_next_page_when_the_first_was_not_enough(
    metered: tuple[Conversation, DynamoDBMeter],
) -> None:
    conversation, meter = metered
    text = noise(100_000)
    prompts(conversation, *[text] * 12)
    meter.reset()
    assert len(latest(conversation, 10 * len(text.encode()))) == 10
    assert dict(meter.calls) == {"Query": 2, "BatchGetItem": 10}


def test_latest_does_not_read_the_parts_of_what_cannot_fit(metered: tuple[Conversation, DynamoDBMeter]) -> None:
    conversation, meter = metered
    prompts(conversation, noise(200_000), "last")
    meter.reset()
    assert latest(conversation, 100_000) == ["last"]
    assert dict(meter.calls) == {"Query": 1}
