"""UserStore."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chat.ids import new_id
from chat.users import Tier, User
from fakes.conversation import NOW, Conversation, Stores


@pytest.fixture
def user_id() -> str:
    return f"user|{new_id()}"


def test_a_user_seen_for_the_first_time_gets_the_default_tier(stores: Stores, user_id: str) -> None:
    assert stores.users.get_or_create(user_id, default_tier=Tier.PRO, now=NOW) == User(user_id, Tier.PRO)


def test_the_tier_stays_when_the_default_changes(stores: Stores, user_id: str) -> None:
    stores.users.get_or_create(user_id, default_tier=Tier.PRO, now=NOW)
    assert stores.users.get_or_create(user_id, default_tier=Tier.BASIC, now=NOW + 1).tier is Tier.PRO


@pytest.mark.parametrize("user", [User("", Tier.ENTERPRISE), User("", Tier.BASIC, disabled=True)])
def test_put_makes_a_user(stores: Stores, user_id: str, user: User) -> None:
    expected = User(user_id, user.tier, disabled=user.disabled)
    stores.users.put(expected, now=NOW)
    assert stores.users.get_or_create(user_id, default_tier=Tier.PRO, now=NOW) == expected


def test_put_changes_tier_and_status_and_keeps_the_counters(stores: Stores, user_id: str) -> None:
    stores.users.put(User(user_id, Tier.BASIC), now=NOW)
    Conversation(stores, user_id).turn("prompt", "answer")
    stores.users.put(User(user_id, Tier.PRO, disabled=True, input_tokens=1, output_tokens=1), now=NOW)
    expected = User(user_id, Tier.PRO, disabled=True, input_tokens=7, output_tokens=11)
    assert stores.users.get_or_create(user_id, default_tier=Tier.BASIC, now=NOW) == expected
    stores.users.put(User(user_id, Tier.BASIC), now=NOW)
    assert not stores.users.get_or_create(user_id, default_tier=Tier.BASIC, now=NOW).disabled


@pytest.mark.parametrize("name", ["a/b", "a%2Fb", "å", "a\u030a", "a\0", "\ud800", "?", "🤖" * 100])
def test_users_are_distinct_for_any_ids(stores: Stores, user_id: str, name: str) -> None:
    odd = name + user_id
    stores.users.put(User(odd, Tier.ENTERPRISE), now=NOW)
    assert stores.users.get_or_create(odd, default_tier=Tier.BASIC, now=NOW).user_id == odd
    assert stores.users.get_or_create(f"b{user_id}", default_tier=Tier.BASIC, now=NOW).tier is Tier.BASIC


def test_a_user_seen_by_many_at_once_is_one_user(stores: Stores, user_id: str) -> None:
    tiers = [Tier.BASIC, Tier.PRO, Tier.ENTERPRISE] * 4
    with ThreadPoolExecutor(len(tiers)) as threads:
        users = list(threads.map(lambda tier: stores.users.get_or_create(user_id, default_tier=tier, now=NOW), tiers))
    assert len(set(users)) == 1
