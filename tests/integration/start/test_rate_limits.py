"""POST /chat/start: requests a minute, by user and tier."""

import time
from collections.abc import Callable, Iterator
from unittest.mock import patch

import pytest

from chat.dynamo import DynamoSessionStore
from chat.errors import StorageError
from chat.sessions import SessionNotStoredError
from chat.users import Tier, User
from fakes.clock import FakeClock
from fakes.functions.buffered import Answer, Handler, World, token, user_of
from fakes.redis.servers import redis_server

type Start = Callable[..., Answer]
type Build = Callable[..., Handler]

KEY = {"idempotency-key": "a key"}
PATIENT = {"REDIS_TIMEOUT_SECONDS": "10"}


@pytest.fixture(scope="module")
def with_redis(build: Build) -> Iterator[Handler]:
    with redis_server() as redis:
        yield build(**redis.environ, **PATIENT)


@pytest.fixture(params=["dynamodb", "redis"])
def to(request: pytest.FixtureRequest, handler: Handler) -> Handler:
    """The function, without Redis and with it."""
    if request.param == "dynamodb":
        return handler
    found: Handler = request.getfixturevalue("with_redis")
    return found


def left(answer: Answer) -> int:
    """What the answer says is left."""
    policy, state = answer.headers["ratelimit-policy"], answer.headers["ratelimit"]
    assert policy.startswith('"requests";q=')
    assert policy.endswith(";w=60")
    name, remaining, reset = state.split(";")
    assert name == '"requests"'
    assert 1 <= int(reset.removeprefix("t=")) <= 60
    return int(remaining.removeprefix("r="))


def use_up(start: Start, bearer: str, to: Handler, times: int = 20) -> None:
    for _ in range(times):
        assert start(bearer, to=to).status == 201


def test_responses_have_policy_and_remaining_requests(aws: World, start: Start, to: Handler) -> None:
    bearer = token(user_of(aws.user()), exp=time.time() + 600)
    with patch("time.time", FakeClock(float(round(time.time()))).now):
        first = start(bearer, to=to)
        assert first.headers["ratelimit-policy"] == '"requests";q=20;w=60'
        assert first.headers["ratelimit"] == '"requests";r=19;t=60'
        assert "retry-after" not in first.headers
        assert [left(start(bearer, to=to)) for _ in range(3)] == [18, 17, 16]


def test_the_request_after_the_last_is_refused(aws: World, start: Start, to: Handler) -> None:
    bearer = aws.user()
    use_up(start, bearer, to)
    refused = start(bearer, to=to)
    assert refused.refusal == (429, "rate_limited")
    assert left(refused) == 0
    assert 50 <= refused.json["retryAfterSeconds"] <= 60
    assert refused.headers["retry-after"] == str(refused.json["retryAfterSeconds"])
    assert refused.headers["cache-control"] == "private, no-store"
    assert len(aws.messages.page_all_chats(user_of(bearer), limit=100).messages) == 20
    assert start(aws.user(), to=to).status == 201


def test_a_minute_later_it_is_accepted(aws: World, start: Start, to: Handler) -> None:
    bearer = token(user_of(aws.user()), exp=time.time() + 600)
    clock = FakeClock(float(round(time.time())))
    with patch("time.time", clock.now):
        use_up(start, bearer, to)
        clock.advance(45)
        refused = start(bearer, to=to)
        assert refused.refusal == (429, "rate_limited")
        assert refused.json["retryAfterSeconds"] == 15
        clock.advance(15.1)
        assert start(bearer, to=to).status == 201


@pytest.mark.parametrize(("tier", "limit"), [(Tier.BASIC, 20), (Tier.PRO, 60), (Tier.ENTERPRISE, 300)])
def test_every_tier_has_its_limit(aws: World, start: Start, to: Handler, tier: Tier, limit: int) -> None:
    answer = start(aws.user(tier), to=to)
    assert answer.headers["ratelimit-policy"] == f'"requests";q={limit};w=60'
    assert left(answer) == limit - 1


def test_upgraded_user_has_the_new_tiers_limit(aws: World, start: Start, to: Handler) -> None:
    bearer = aws.user()
    use_up(start, bearer, to)
    assert start(bearer, to=to).status == 429
    aws.users.put(User(user_of(bearer), Tier.PRO), now=time.time())
    assert left(start(bearer, to=to)) == 59


def test_a_repetition_is_not_counted(aws: World, start: Start, to: Handler) -> None:
    bearer = aws.user()
    first = start(bearer, to=to, headers=KEY)
    for _ in range(25):
        again = start(bearer, to=to, headers=KEY)
        assert again.json["sessionId"] == first.json["sessionId"]
        assert left(again) == 19
    assert left(start(bearer, to=to)) == 18


def test_a_repetition_is_answered_when_nothing_is_left(aws: World, start: Start, to: Handler) -> None:
    bearer = aws.user()
    first = start(bearer, to=to, headers=KEY)
    use_up(start, bearer, to, 19)
    assert start(bearer, to=to).status == 429
    again = start(bearer, to=to, headers=KEY)
    assert (again.status, again.json["sessionId"]) == (201, first.json["sessionId"])
    assert left(again) == 0


def test_a_key_that_was_refused_may_be_used_again(aws: World, start: Start, handler: Handler) -> None:
    bearer = aws.user()
    use_up(start, bearer, handler)
    assert start(bearer, headers=KEY).refusal == (429, "rate_limited")
    aws.users.put(User(user_of(bearer), Tier.PRO), now=time.time())
    assert start(bearer, headers=KEY).status == 201


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"prompt": ""}, "invalid_request"),
        ({"prompt": "x" * 32_001}, "invalid_request"),
        ({"modelId": "gpt-0"}, "unknown_model"),
        ({"modelId": "claude-opus-5"}, "model_not_in_tier"),
        ({"extra": 1}, "invalid_request"),
    ],
)
def test_refused_start_is_not_counted(
    aws: World, start: Start, to: Handler, fields: dict[str, object], code: str
) -> None:
    bearer = aws.user()
    refused = start(bearer, to=to, **fields)
    assert refused.refusal[1] == code
    assert "ratelimit" not in refused.headers
    assert left(start(bearer, to=to)) == 19


def test_another_body_under_a_key_is_not_counted(aws: World, start: Start, to: Handler) -> None:
    bearer = aws.user()
    start(bearer, to=to, headers=KEY, prompt="one")
    assert start(bearer, to=to, headers=KEY, prompt="two").refusal == (422, "idempotency_key_reused")
    assert left(start(bearer, to=to)) == 18


def test_disabled_users_are_not_counted(aws: World, start: Start, handler: Handler) -> None:
    bearer = aws.user(disabled=True)
    for _ in range(3):
        assert start(bearer).refusal == (403, "user_disabled")
    aws.users.put(User(user_of(bearer), Tier.BASIC), now=time.time())
    assert left(start(bearer)) == 19


def test_commands_are_counted(aws: World, start: Start, to: Handler) -> None:
    bearer = aws.user()
    assert left(start(bearer, to=to, prompt="/help")) == 19


def test_a_start_that_storage_refused_is_given_back(aws: World, start: Start, to: Handler) -> None:
    bearer = aws.user()
    assert left(start(bearer, to=to)) == 19
    with patch.object(DynamoSessionStore, "start", side_effect=SessionNotStoredError("Not now.")):
        for _ in range(3):
            assert start(bearer, to=to, headers=KEY).refusal == (503, "storage_unavailable")
    assert left(start(bearer, to=to, headers=KEY)) == 18


def test_a_start_that_may_have_been_stored_counts(aws: World, start: Start, to: Handler) -> None:
    bearer = aws.user()
    with patch.object(DynamoSessionStore, "start", side_effect=StorageError("No answer.")):
        assert start(bearer, to=to).refusal == (503, "storage_unavailable")
    assert left(start(bearer, to=to)) == 18
