"""The list of all metrics: what each counts or measures, its unit, and its publisher.

Every metric has the dimension `service`; one that is `by_model` is also published by `service`, `provider` and `model`
if its record is about a model. The namespace is `POWERTOOLS_METRICS_NAMESPACE`.

A generation produces one session's answer for any number of clients, from any source: a provider, the cache, another
session's flight, a slash command. Slash commands count as streams and are not timed.
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
    """The CloudWatch units in use."""

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
    """A session was created for a prompt; a request repeated with its Idempotency-Key creates none."""
    RATE_LIMITED = "RateLimited", Unit.COUNT, _WITH_LIMITS, _ALL
    """A request was refused: too many sessions in a minute (chat-start), too many answers at once (chat-stream)."""

    # Generations
    STREAMS_COMPLETED = "StreamsCompleted", Unit.COUNT, _STREAM, _BY_MODEL
    """A generation ended with its complete answer stored."""
    STREAMS_FAILED = "StreamsFailed", Unit.COUNT, _STREAM, _BY_MODEL
    """A generation ended with an `error`: the provider failed, the deadline passed, or a reconnecting client found its
    producer dead. If the cleanup finds it first, it counts as `SessionsSettled`."""
    STREAMS_STOPPED = "StreamsStopped", Unit.COUNT, _STREAM, _BY_MODEL
    """A generation was stopped by its user."""
    STREAMS_RESUMED = "StreamsResumed", Unit.COUNT, _STREAM, _ALL
    """A client reconnected or another one connected: an attach with a Last-Event-ID, or to a started session."""
    TIME_TO_FIRST_TOKEN_MS = "TimeToFirstTokenMs", Unit.MILLISECONDS, _STREAM, _BY_MODEL
    """From the arrival of the producing client's request to its first token; includes cached answers."""
    STREAM_DURATION_MS = "StreamDurationMs", Unit.MILLISECONDS, _STREAM, _BY_MODEL
    """From the arrival of the producing client's request to its stream's terminal event of any kind."""
    OUTPUT_TOKENS_PER_SECOND = "OutputTokensPerSecond", Unit.PER_SECOND, _STREAM, _BY_MODEL
    """The rate of a provider's complete answer: output tokens divided by the time from its first to its last text."""
    INPUT_TOKENS = "InputTokens", Unit.COUNT, _STREAM, _BY_MODEL
    """Input tokens as the provider reports them; also of incomplete generations, if reported."""
    OUTPUT_TOKENS = "OutputTokens", Unit.COUNT, _STREAM, _BY_MODEL
    """Output tokens, likewise."""
    COST_USD = "CostUSD", Unit.NONE, _STREAM, _BY_MODEL
    """The cost of these tokens at the catalogue's prices, in US dollars."""

    # The cache, and Redis
    CACHE_HIT = "CacheHit", Unit.COUNT, _STREAM, _BY_MODEL
    """A generation was answered from the cache."""
    CACHE_MISS = "CacheMiss", Unit.COUNT, _STREAM, _BY_MODEL
    """A cache lookup found no answer or failed; includes followers of a flight."""
    CACHE_ERROR = "CacheError", Unit.COUNT, _WITH_REDIS, _ALL
    """A call to Redis failed, or was refused by the open breaker."""
    CACHE_SAVED_USD = "CacheSavedUSD", Unit.NONE, _STREAM, _BY_MODEL
    """What an answer from the cache or from another's flight would have cost, in US dollars."""
    SINGLE_FLIGHT_FOLLOWERS = "SingleFlightFollowers", Unit.COUNT, _STREAM, _BY_MODEL
    """A generation shared the answer in flight of another session with the same question."""

    # Providers
    PROVIDER_ERROR = "ProviderError", Unit.COUNT, _STREAM, _BY_MODEL
    """A provider call failed after all retries."""
    PROVIDER_RETRY = "ProviderRetry", Unit.COUNT, _STREAM, _BY_MODEL
    """A provider call was retried, before its first token."""

    # Measured by the cleanup, once per run
    ACTIVE_SESSIONS = "ActiveSessions", Unit.COUNT, _CLEANUP, _ALL
    """Open sessions."""
    STREAMS_IN_FLIGHT = "StreamsInFlight", Unit.COUNT, _CLEANUP, _ALL
    """Sessions with an answer in progress."""
    SESSIONS_EXPIRED = "SessionsExpired", Unit.COUNT, _CLEANUP, _ALL
    """Sessions that expired before they were streamed, removed by this run."""
    SESSIONS_SETTLED = "SessionsSettled", Unit.COUNT, _CLEANUP, _ALL
    """Sessions of dead producers, settled by this run with their partial answer."""
    CLEANUP_FAILURES = "CleanupFailures", Unit.COUNT, _CLEANUP, _ALL
    """Sessions that this run could not end; the next one tries again."""
    OLDEST_STUCK_SECONDS = "OldestStuckSeconds", Unit.SECONDS, _CLEANUP, _ALL
    """How long the oldest overdue session has been open; 0 if there is none."""
    CACHE_ENTRIES = "CacheEntries", Unit.COUNT, _CLEANUP, _ALL
    """Keys in Redis."""
    CACHE_MEMORY_BYTES = "CacheMemoryBytes", Unit.BYTES, _CLEANUP, _ALL
    """Memory that Redis uses."""
    CACHE_HIT_RATE = "CacheHitRate", Unit.PERCENT, _CLEANUP, _ALL
    """Percentage of lookups of any key that were hits since Redis started."""


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
"""Gauges at the time of a run, not counts since the last one: their sums are meaningless."""
