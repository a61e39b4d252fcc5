"""The cleanup function's composition root: builds the object graph from the environment."""

import os
from collections.abc import Mapping
from functools import partial

from chat.clock import SystemClock
from chat.dynamo import DynamoCleanupRecord, DynamoSessionIndex, DynamoSessionStore, Tables
from chat.metrics import CacheErrorMetrics, build_metrics
from chat.redis import CacheErrors, RedisSettings
from chat_cleanup.redis_side import redis_side
from chat_cleanup.service import Cleanup
from chat_cleanup.settings import CleanupSettings


def compose(environ: Mapping[str, str] = os.environ, *, tables: Tables | None = None) -> Cleanup:
    """Builds the function as deployed, on `tables` if given. Opens no connection before the first run.

    Raises:
        SettingsError: an environment variable is missing or invalid.
    """
    settings = CleanupSettings.from_environ(environ)
    redis = RedisSettings.from_environ(environ).model_copy(
        update={"redis_timeout_seconds": settings.cleanup_redis_seconds}
    )
    errors = CacheErrors()
    tables = tables or Tables(settings)
    tables.prepare()
    return Cleanup(
        index=DynamoSessionIndex(tables),
        sessions=DynamoSessionStore(tables),
        record=DynamoCleanupRecord(tables),
        redis=partial(redis_side, redis, errors),
        metrics=CacheErrorMetrics(build_metrics(environ), errors),
        clock=SystemClock(),
        settings=settings,
    )
