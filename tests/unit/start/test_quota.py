"""A start and its user's rate limit: what was granted counts, and nothing else."""

import pytest

from chat.auth.access import Access
from chat.catalog import TierLimits, load_catalog
from chat.errors import StorageError
from chat.limits import Allowance, RateLimiter
from chat.users import Tier
from chat_start.admission import Admission
from chat_start.requests import Prompt
from chat_start.start_chat import StartChat
from fakes.clock import FakeClock
from fakes.memory.database import MemoryDatabase
from fakes.memory.limits import MemoryRateLimiter
from fakes.memory.session_store import MemorySessionStore
from fakes.memory.user_store import MemoryUserStore
from fakes.recorded_metrics import RecordedMetrics

PROMPT = Prompt("alice", "gpt-5.6-luna", "Hello?")


class ForgetfulRateLimiter(MemoryRateLimiter):
    """Takes nothing back."""

    def give_back(self, user_id: str, limits: TierLimits, used: Allowance) -> None:
        raise StorageError("The storage does not answer.")


class FailingStart(MemorySessionStore):
    """Its starts fail, and nobody knows how far they came."""

    def start(self, *_: object) -> None:
        raise StorageError("The storage does not answer.")


@pytest.fixture
def database() -> MemoryDatabase:
    return MemoryDatabase()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def start_chat(clock: FakeClock, sessions: MemorySessionStore, rate_limiter: RateLimiter) -> StartChat:
    users = MemoryUserStore(MemoryDatabase())
    admission = Admission(
        access=Access(users, clock, default_tier=Tier.BASIC),
        catalog=load_catalog(),
        rate_limiter=rate_limiter,
        metrics=RecordedMetrics(),
    )
    return StartChat(
        admission=admission,
        sessions=sessions,
        clock=clock,
        max_prompt_chars=100,
        session_seconds=600,
        metrics=RecordedMetrics(),
    )


def test_start_that_storage_refused_uses_nothing_up(database: MemoryDatabase, clock: FakeClock) -> None:
    start = start_chat(clock, MemorySessionStore(database), MemoryRateLimiter(clock))
    assert start(PROMPT).allowance.remaining == 19
    database.failing = True
    for _ in range(30):
        with pytest.raises(StorageError):
            start(PROMPT)
    database.failing = False
    assert start(PROMPT).allowance.remaining == 18


def test_start_that_may_have_been_stored_counts(database: MemoryDatabase, clock: FakeClock) -> None:
    limiter = MemoryRateLimiter(clock)
    with pytest.raises(StorageError):
        start_chat(clock, FailingStart(database), limiter)(PROMPT)
    assert start_chat(clock, MemorySessionStore(database), limiter)(PROMPT).allowance.remaining == 18


def test_storage_error_is_raised_even_if_giving_back_fails(database: MemoryDatabase, clock: FakeClock) -> None:
    start = start_chat(clock, MemorySessionStore(database), ForgetfulRateLimiter(clock))
    database.failing = True
    with pytest.raises(StorageError):
        start(PROMPT)
    database.failing = False
    assert start(PROMPT).allowance.remaining == 18
