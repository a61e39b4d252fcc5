"""Routes the requests of the stack's single origin: functions, the demo page, and paths under ``/local/``."""

from collections.abc import Callable, Mapping

from h11 import RemoteProtocolError

from local_stack.emulator.pool import Pool
from local_stack.function_urls import function_url
from local_stack.http import problems
from local_stack.http.http1 import ClientDisconnectedError, Exchange, Handler
from local_stack.http.pages import Pages


class Front:
    """Routes requests to functions, files and local handlers."""

    def __init__(self, pools: Callable[[], Mapping[str, Pool]], local: Mapping[str, Handler], pages: Pages) -> None:
        """`pools` returns the current pools by function name; `local` holds handlers by exact path."""
        self._pools = pools
        self._local = local
        self._pages = pages

    async def handle(self, exchange: Exchange) -> None:
        """Handles one request. An unexpected error becomes a 500 and is raised, so that it is logged."""
        try:
            await self._route(exchange)
        except (ClientDisconnectedError, ConnectionError, RemoteProtocolError):
            raise
        except Exception:
            if not exchange.started:
                await problems.problem(exchange, 500, "internal_error", "The local stack failed; see its output.")
            raise

    def function_of(self, path: str) -> str | None:
        """The name of the function that serves a path."""
        pool = None if path in self._local else self._pool(path)
        return None if pool is None else pool.function.name

    async def _route(self, exchange: Exchange) -> None:
        path = exchange.target.partition("?")[0]
        if (handler := self._local.get(path)) is not None:
            await handler(exchange)
        elif (pool := self._pool(path)) is not None:
            await function_url.serve(exchange, pool)
        elif (file := self._pages.find(path)) is not None:
            await self._pages.serve(exchange, file)
        else:
            await problems.problem(
                exchange,
                404,
                "not_found",
                f"Nothing is served at {path}.",
                paths=[*self._function_paths(), *self._local],
            )

    def _pool(self, path: str) -> Pool | None:
        """The function that serves the path; a pattern that ends in ``/*`` matches all paths below it."""
        for pool in self._pools().values():
            for served in pool.function.paths:
                if path == served or (served.endswith("/*") and path.startswith(served[:-1])):
                    return pool
        return None

    def _function_paths(self) -> list[str]:
        return [path for pool in self._pools().values() for path in pool.function.paths]
