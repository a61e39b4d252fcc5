"""The start function's composition root: builds the object graph from the environment."""

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat.auth import Authenticator, StreamTokens, build_authenticator, build_secret_source
from chat.auth.access import Access
from chat.catalog import load_catalog
from chat.clock import SystemClock
from chat.dynamo import DynamoMessageStore, DynamoSessionStore, DynamoUserStore, Tables
from chat.metrics import CacheErrorMetrics, build_metrics
from chat.redis import BlockingRedisCalls, Breaker, NoLogControl, RedisLogControl, RedisSettings
from chat_start.admission import Admission
from chat_start.rate_limiter import build_rate_limiter
from chat_start.regenerate import RegenerateAnswer
from chat_start.requests import IdempotentCreate, Prompt, Regeneration, Start
from chat_start.settings import StartSettings
from chat_start.start_chat import StartChat
from chat_start.stop_chat import StopChat

if TYPE_CHECKING:
    from chat_start.idempotency import Idempotency


@dataclass(frozen=True, slots=True, kw_only=True)
class StartComposition:
    """The objects that the HTTP layer calls. `idempotency` is built on first use."""

    settings: StartSettings
    authenticator: Authenticator
    stream_tokens: StreamTokens
    start_chat: StartChat
    regenerate: RegenerateAnswer
    stop_chat: StopChat
    idempotency: "Callable[[], Idempotency]"
    metrics: CacheErrorMetrics

    def start(self, asked: Prompt | Regeneration, once: IdempotentCreate) -> Start:
        """Runs the use case for the request; see `StartChat` and `RegenerateAnswer`."""
        if isinstance(asked, Prompt):
            return self.start_chat(asked, once)
        return self.regenerate(asked, once)


def compose(environ: Mapping[str, str] = os.environ) -> StartComposition:
    """Builds the function as deployed. Opens no connection before the first request.

    Raises:
        SettingsError: an environment variable is missing or invalid.
    """
    settings = StartSettings.from_environ(environ)
    redis_settings, breaker = RedisSettings.from_environ(environ), Breaker()
    redis = BlockingRedisCalls(redis_settings, breaker) if redis_settings.has_redis else None
    secret = build_secret_source(settings)
    clock = SystemClock()
    tables = Tables(settings)
    tables.prepare()
    sessions = DynamoSessionStore(tables)
    access = Access(DynamoUserStore(tables), clock, default_tier=settings.default_tier)
    metrics = CacheErrorMetrics(build_metrics(environ), breaker.errors)
    log_control = RedisLogControl(redis) if redis else NoLogControl()
    admission = Admission(
        access=access,
        catalog=load_catalog(),
        rate_limiter=build_rate_limiter(redis, tables),
        metrics=metrics,
    )
    return StartComposition(
        settings=settings,
        authenticator=build_authenticator(settings, secret),
        stream_tokens=StreamTokens(secret, clock),
        start_chat=StartChat(
            admission=admission,
            sessions=sessions,
            clock=clock,
            max_prompt_chars=settings.max_prompt_chars,
            session_seconds=settings.session_seconds,
            metrics=metrics,
        ),
        regenerate=RegenerateAnswer(
            admission=admission,
            sessions=sessions,
            messages=DynamoMessageStore(tables),
            control=log_control,
            clock=clock,
            session_seconds=settings.session_seconds,
            metrics=metrics,
        ),
        stop_chat=StopChat(
            access=access,
            sessions=sessions,
            control=log_control,
            clock=clock,
            catalog=load_catalog(),
            metrics=metrics,
        ),
        idempotency=functools.cache(lambda: _idempotency(settings)),
        metrics=metrics,
    )


def _idempotency(settings: StartSettings) -> "Idempotency":
    from chat_start.idempotency import Idempotency

    return Idempotency(settings.idempotency_table, record_seconds=settings.session_seconds)
