"""GET /chat/history."""

import datetime as dt
from collections.abc import Callable

import pytest

from chat.auth import build_authenticator, build_secret_source
from chat.auth.access import Access
from chat.catalog import load_catalog
from chat.clock import SystemClock
from chat.http.function_url import FunctionUrlHandler
from chat.messages import MessageStatus
from chat.settings import AuthSettings
from chat.users import Tier
from chat_history.composition import HistoryComposition
from chat_history.cursors import Cursors
from chat_history.history import ReadHistory
from chat_history.models import OfferModels
from chat_history.routes import create_app
from fakes.conversation import Conversation, memory_stores
from fakes.functions.buffered import ENVIRON, Answer, Handler, World, call, token

type Get = Callable[..., Answer]

FIELDS = {
    "id",
    "chatId",
    "sessionId",
    "role",
    "content",
    "modelId",
    "createdAt",
    "status",
    "code",
    "retryable",
    "kind",
    "finishReason",
    "usage",
    "projectId",
    "taskId",
    "cached",
    "savedUsd",
}


def contents(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return [message["content"] for message in answer.json["messages"]]


def test_a_chats_messages_in_order_with_every_field(aws: World, get: Get) -> None:
    bearer = aws.user()
    session = aws.converse(bearer, "chat", "question 😀", "answer", at=-60)
    answer = get(bearer, chatId="chat")
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json) == {"chatId", "messages", "nextCursor"}
    assert (answer.json["chatId"], answer.json["nextCursor"]) == ("chat", None)
    asked, said = answer.json["messages"]
    assert set(asked) == set(said) == FIELDS
    assert (asked["id"], said["id"]) == (session.prompt_message_id, session.answer_message_id)
    assert (asked["role"], asked["content"]) == ("user", "question 😀")
    assert (asked["finishReason"], asked["usage"]) == (None, None)
    assert (said["role"], said["content"], said["modelId"]) == ("assistant", "answer", "gpt-5.6-luna")
    assert (said["status"], said["kind"], said["finishReason"]) == ("complete", "chat", "stop")
    assert said["usage"] == {"inputTokens": 7, "outputTokens": 11}
    assert (said["sessionId"], said["projectId"], said["taskId"]) == (session.session_id, "project", "task")
    created = dt.datetime.fromisoformat(said["createdAt"])
    assert said["createdAt"].endswith("Z")
    assert created.timestamp() == pytest.approx(session.created_at + 1, abs=0.001)


def test_an_answer_from_the_cache_says_so_and_what_it_saved(aws: World, get: Get) -> None:
    bearer = aws.user()
    aws.converse(bearer, "chat", "question", "answer", cached=True, saved_usd=0.0012)
    asked, said = get(bearer, chatId="chat").json["messages"]
    assert (asked["cached"], asked["savedUsd"]) == (False, None)
    assert (said["cached"], said["savedUsd"]) == (True, 0.0012)


def test_history_has_each_messages_status(aws: World, get: Get) -> None:
    bearer = aws.user()
    aws.converse(bearer, "chat", "question", "half an ans", status=MessageStatus.INTERRUPTED)
    assert get(bearer, chatId="chat").json["messages"][1]["status"] == "interrupted"


def test_pages_follow_one_another_without_gap_or_repetition(aws: World, get: Get) -> None:
    bearer = aws.user()
    for number in range(7):
        aws.converse(bearer, "chat", f"question {number}", f"answer {number}", at=number - 10)
    everything = contents(get(bearer, chatId="chat"))
    assert everything[:3] == ["question 0", "answer 0", "question 1"]
    read, cursor, pages = list[str](), dict[str, str](), 0
    while pages == 0 or cursor["cursor"]:
        answer = get(bearer, chatId="chat", limit=4, **cursor)
        read += contents(answer)
        cursor = {"cursor": answer.json["nextCursor"]}
        pages += 1
    assert (read, pages) == (everything, 4)


def test_without_a_chat_the_newest_chat_comes_first(aws: World, get: Get) -> None:
    bearer = aws.user()
    aws.converse(bearer, "old", "o1", "o2", at=-50)
    aws.converse(bearer, "new", "n1", "n2", at=-40)
    aws.converse(bearer, "old", "o3", "o4", at=-30)
    answer = get(bearer)
    assert answer.json["chatId"] is None
    assert contents(answer) == ["o1", "o2", "o3", "o4", "n1", "n2"]
    first = get(bearer, limit=3)
    assert contents(get(bearer, limit=3, cursor=first.json["nextCursor"])) == ["o4", "n1", "n2"]


def test_a_user_without_messages_has_an_empty_history(aws: World, get: Get) -> None:
    assert get(aws.user()).json == {"chatId": None, "messages": [], "nextCursor": None}
    assert get(token("nobody-ever-seen")).json["messages"] == []


@pytest.mark.parametrize(("query", "count"), [({}, 50), ({"limit": 200}, 200), ({"limit": 1}, 1)])
def test_a_limit_is_50_unless_said_and_200_at_most(query: dict[str, int], count: int) -> None:
    stores = memory_stores()
    chat = Conversation(stores, "alice", "chat")
    for _ in range(101):
        chat.turn("question", "answer")
    secret = build_secret_source(AuthSettings.from_environ(ENVIRON))
    access = Access(stores.users, SystemClock(), default_tier=Tier.BASIC)
    composition = HistoryComposition(
        authenticator=build_authenticator(AuthSettings.from_environ(ENVIRON), secret),
        read_history=ReadHistory(
            access=access,
            messages=stores.messages,
            sessions=stores.sessions,
            clock=SystemClock(),
            cursors=Cursors(secret),
        ),
        offer_models=OfferModels(access=access, catalog=load_catalog()),
    )
    handler = FunctionUrlHandler(create_app(composition))
    try:
        answer = call(handler, "GET", "/chat/history", bearer=token("alice"), query={"chatId": "chat"} | query)
        assert len(contents(answer)) == count
    finally:
        handler.close()


def test_the_token_may_come_in_the_cookie(aws: World, handler: Handler) -> None:
    assert call(handler, "GET", "/chat/history", cookies=[f"chat_token={aws.user()}"]).status == 200
