"""All metrics: what each one counts or measures, its unit, and the functions that publish it.

Every metric has the dimension `service`. A metric that is `by_model` is also published by `service`, `provider` and
`model` if it concerns a model. The namespace is `POWERTOOLS_METRICS_NAMESPACE`.

A generation produces one session's answer, however many clients read it. Its source is a provider, the cache, another
session's flight or a slash command. Slash commands count as streams but are not timed.
"""

from enum import StrEnum
from typing import Self


class Service(StrEnum):
    """The functions' values of `POWERTOOLS_SERVICE_NAME`."""

    START = "chat-start"
    STREAM = "chat-stream"
    HISTORY = "chat-history"
    CLEANUP = "chat-cleanup"


class Unit(StrEnum):
    """The CloudWatch units that are in use."""

    COUNT = "Count"
    MILLISECONDS = "Milliseconds"
    SECONDS = "Seconds"
    PER_SECOND = "Count/Second"
    BYTES = "Bytes"
    PERCENT = "Percent"
    NONE = "None"


SERVICE = ("service",)
MODEL = ("service", "provider", "model")

_ALL = (SERVICE,)
_BY_MODEL = (SERVICE, MODEL)
_START, _STREAM, _CLEANUP = (Service.START,), (Service.STREAM,), (Service.CLEANUP,)
_WITH_LIMITS = (Service.START, Service.STREAM)
_WITH_REDIS = (Service.START, Service.STREAM, Service.CLEANUP)


class Metric(StrEnum):
    """A metric; its value is its name in CloudWatch."""

    unit: Unit
    services: tuple[Service, ...]
    dimension_sets: tuple[tuple[str, ...], ...]

    def __new__(
        cls, name: str, unit: Unit, services: tuple[Service, ...], dimension_sets: tuple[tuple[str, ...], ...]
    ) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.unit = unit
        member.services = services
        member.dimension_sets = dimension_sets
        return member

    @property
    def by_model(self) -> bool:
        """Whether it is also published by model."""
        return MODEL in self.dimension_sets

    # Sessions
    SESSIONS_STARTED = "SessionsStarted", Unit.COUNT, _START, _ALL
    """A session was created for a prompt. A retry with the same Idempotency-Key creates none."""
    RATE_LIMITED = "RateLimited", Unit.COUNT, _WITH_LIMITS, _ALL
    """A request was refused: too many sessions in a minute (chat-start), too many answers at once (chat-stream)."""

    # Generations
    STREAMS_COMPLETED = "StreamsCompleted", Unit.COUNT, _STREAM, _BY_MODEL
    """A generation ended with its complete answer stored."""
    STREAMS_FAILED = "StreamsFailed", Unit.COUNT, _STREAM, _BY_MODEL
    """A generation ended with an `error`: the provider failed, the deadline passed, or a reconnecting client found the
    producer dead. If the cleanup finds it first, it counts as `SessionsSettled` instead."""
    STREAMS_STOPPED = "StreamsStopped", Unit.COUNT, _STREAM, _BY_MODEL
    """A generation was stopped by its user."""
    STREAMS_RESUMED = "StreamsResumed", Unit.COUNT, _STREAM, _ALL
    """A client reconnected or another client joined: an attach with a Last-Event-ID, or to a started session."""
    TIME_TO_FIRST_TOKEN_MS = "TimeToFirstTokenMs", Unit.MILLISECONDS, _STREAM, _BY_MODEL
    """From the arrival of the producing client's request to its first token, also for cached answers."""
    STREAM_DURATION_MS = "StreamDurationMs", Unit.MILLISECONDS, _STREAM, _BY_MODEL
    """From the arrival of the producing client's request to the last event of its stream, whatever the outcome."""
    OUTPUT_TOKENS_PER_SECOND = "OutputTokensPerSecond", Unit.PER_SECOND, _STREAM, _BY_MODEL
    """Output tokens of a provider's complete answer, divided by the time from its first to its last text."""
    INPUT_TOKENS = "InputTokens", Unit.COUNT, _STREAM, _BY_MODEL
    """Input tokens as the provider reports them; also of incomplete generations, if reported."""
    OUTPUT_TOKENS = "OutputTokens", Unit.COUNT, _STREAM, _BY_MODEL
    """Output tokens as the provider reports them; also of incomplete generations, if reported."""
    COST_USD = "CostUSD", Unit.NONE, _STREAM, _BY_MODEL
    """The cost of these tokens at the catalogue's prices, in US dollars."""

    # The cache and Redis
    CACHE_HIT = "CacheHit", Unit.COUNT, _STREAM, _BY_MODEL
    """A generation was answered from the cache."""
    CACHE_MISS = "CacheMiss", Unit.COUNT, _STREAM, _BY_MODEL
    """A generation found no answer in the cache, or Redis did not reply. Followers of a flight count too."""
    CACHE_ERROR = "CacheError", Unit.COUNT, _WITH_REDIS, _ALL
    """A call to Redis failed, or was not made because the breaker is open."""
    CACHE_SAVED_USD = "CacheSavedUSD", Unit.NONE, _STREAM, _BY_MODEL
    """The provider cost avoided by the cache or by another session's flight, in US dollars."""
    SINGLE_FLIGHT_FOLLOWERS = "SingleFlightFollowers", Unit.COUNT, _STREAM, _BY_MODEL
    """A generation followed the concurrent answer of another session with the same question."""

    # Providers
    PROVIDER_ERROR = "ProviderError", Unit.COUNT, _STREAM, _BY_MODEL
    """A provider call failed after all retries."""
    PROVIDER_RETRY = "ProviderRetry", Unit.COUNT, _STREAM, _BY_MODEL
    """A provider call was retried before its first token."""

    # Measured once per cleanup run
    ACTIVE_SESSIONS = "ActiveSessions", Unit.COUNT, _CLEANUP, _ALL
    """Sessions that have not ended."""
    STREAMS_IN_FLIGHT = "StreamsInFlight", Unit.COUNT, _CLEANUP, _ALL
    """Sessions whose answer is being generated."""
    SESSIONS_EXPIRED = "SessionsExpired", Unit.COUNT, _CLEANUP, _ALL
    """Sessions that this run removed because they expired before they were streamed."""
    SESSIONS_SETTLED = "SessionsSettled", Unit.COUNT, _CLEANUP, _ALL
    """Sessions with a dead producer that this run settled with their partial answer."""
    CLEANUP_FAILURES = "CleanupFailures", Unit.COUNT, _CLEANUP, _ALL
    """Sessions that this run failed to end; the next run retries."""
    OLDEST_STUCK_SECONDS = "OldestStuckSeconds", Unit.SECONDS, _CLEANUP, _ALL
    """How long the oldest overdue session has been open; 0 if there is none."""
    CACHE_ENTRIES = "CacheEntries", Unit.COUNT, _CLEANUP, _ALL
    """Keys in Redis."""
    CACHE_MEMORY_BYTES = "CacheMemoryBytes", Unit.BYTES, _CLEANUP, _ALL
    """Memory that Redis uses."""
    CACHE_HIT_RATE = "CacheHitRate", Unit.PERCENT, _CLEANUP, _ALL
    """Share of Redis lookups that were hits, over all kinds of keys, since Redis was started."""


GAUGES = frozenset(
    {
        Metric.ACTIVE_SESSIONS,
        Metric.STREAMS_IN_FLIGHT,
        Metric.OLDEST_STUCK_SECONDS,
        Metric.CACHE_ENTRIES,
        Metric.CACHE_MEMORY_BYTES,
        Metric.CACHE_HIT_RATE,
    }
)
"""Gauges measured at the time of a run, not counts since the last run: do not sum them."""
