"""The stream function's composition root: builds the object graph from the environment."""

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from chat.auth import Authenticator, StreamTokens, build_authenticator, build_secret_source
from chat.auth.access import Access
from chat.catalog import load_catalog
from chat.clock import SystemClock
from chat.dynamo import DynamoMessageStore, DynamoSessionStore, DynamoUserStore, Tables
from chat.dynamo.stream_slots import DynamoStreamSlots
from chat.ids import new_id
from chat.metrics import CacheErrorMetrics, Metrics, build_metrics
from chat.redis import Breaker, RedisSettings, connect
from chat_stream.answers.answers import Answers, SharedAnswerStores
from chat_stream.attach.attacher import SessionAttacher
from chat_stream.attach.chat_streams import ChatStreams
from chat_stream.attach.settler import SessionSettler
from chat_stream.commands.registry import build_registry
from chat_stream.generation.answer_slots import AnswerSlots
from chat_stream.generation.generations import Generations
from chat_stream.providers.registry import ProviderRegistry
from chat_stream.providers.settings import ProviderSettings
from chat_stream.readers.session_reader import SessionReaders
from chat_stream.settings import StreamSettings
from chat_stream.telemetry.stream_record import StreamRecords


@dataclass(frozen=True, slots=True)
class StreamComposition:
    """The objects that the HTTP layer calls."""

    authenticator: Authenticator
    stream_tokens: StreamTokens
    streams: ChatStreams
    settings: StreamSettings
    metrics: Metrics
    close: Callable[[], Awaitable[None]]


def compose(environ: Mapping[str, str] = os.environ) -> StreamComposition:
    """Builds the function as deployed.

    Raises:
        SettingsError: an environment variable is missing or invalid.
    """
    settings = StreamSettings.from_environ(environ)
    secret = build_secret_source(settings)
    clock = SystemClock()
    tables = Tables(settings)
    tables.prepare()
    providers = ProviderRegistry(ProviderSettings.from_environ(environ))
    sessions, messages = DynamoSessionStore(tables), DynamoMessageStore(tables)
    redis_settings = RedisSettings.from_environ(environ)
    breaker = Breaker()
    redis = connect(redis_settings, breaker)
    log = redis.log if redis else None
    readers = SessionReaders(sessions, log, settings.follow_poll_seconds)
    sharing = None
    if redis is not None:
        to_user = redis_settings.cache_scope == "user"
        sharing = SharedAnswerStores(redis.cache, redis.flight, readers, messages, clock, scope_to_user=to_user)
    catalog = load_catalog()
    slots = AnswerSlots(DynamoStreamSlots(tables), sessions, catalog, clock)
    metrics = CacheErrorMetrics(build_metrics(environ), breaker.errors)
    records = StreamRecords(metrics, catalog)

    async def close() -> None:
        metrics.flush()
        await providers.close()
        if redis is not None:
            await redis.close()

    return StreamComposition(
        authenticator=build_authenticator(settings, secret),
        stream_tokens=StreamTokens(secret, clock),
        streams=ChatStreams(
            access=Access(DynamoUserStore(tables), clock, default_tier=settings.default_tier),
            sessions=sessions,
            messages=messages,
            attaching=SessionAttacher(
                sessions=sessions,
                messages=messages,
                slots=slots,
                catalog=catalog,
                clock=clock,
                settings=settings,
                new_owner=new_id,
            ),
            generations=Generations(
                sessions=sessions,
                messages=messages,
                slots=slots,
                catalog=catalog,
                commands=build_registry(),
                answers=Answers(providers, sharing),
                clock=clock,
                settings=settings,
                log=log,
            ),
            readers=readers,
            clock=clock,
            records=records,
            settler=SessionSettler(sessions, log, records.settled),
        ),
        settings=settings,
        metrics=metrics,
        close=close,
    )
