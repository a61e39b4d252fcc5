"""Scripts on Redis from threads, each within a budget and behind a breaker."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from chat.redis.cache_errors import CacheErrors
from chat.redis.guard import RedisGuard
from chat.redis.outage import Outage
from chat.redis.scripts import Argument, KnownScripts, Script
from chat.redis.settings import RedisSettings

if TYPE_CHECKING:
    from chat.redis.connections import Client


class SyncRedisCalls:
    """One client and its breaker, for all threads. redis-py is imported, and connects, with the first call."""

    def __init__(self, settings: RedisSettings, errors: CacheErrors, outage: Outage | None = None) -> None:
        self._guard = RedisGuard(settings, errors, outage=outage)
        self._scripts = KnownScripts()

    def script(self, operation: str, script: Script, keys: Sequence[str], *args: Argument) -> Any:
        """What the script returns, never None; None: Redis did not answer, or refused. That has been counted."""
        from chat.redis.breaker import RedisUnavailableError

        try:
            return self._guard.call(operation, lambda client: self._run(client, script, keys, args))
        except RedisUnavailableError:
            return None

    def _run(self, client: "Client", script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        from redis.exceptions import NoScriptError

        execute: Callable[..., Any] = client.execute_command
        try:
            answer = execute(*self._scripts.command(script, keys, *args))
        except NoScriptError:
            answer = execute(*self._scripts.command(script, keys, *args, whole=True))
        self._scripts.answered(script)
        return answer

    def close(self) -> None:
        """Closes the connections, for good; see `RedisGuard.close`."""
        self._guard.close()
