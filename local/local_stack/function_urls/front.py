"""One origin for everything: the functions' paths, the demo page, and the stack's own paths below ``/local/``."""

from collections.abc import Awaitable, Callable, Mapping

from h11 import RemoteProtocolError

from local_stack.emulator.pool import Pool
from local_stack.function_urls import function_url
from local_stack.http import problems
from local_stack.http.http1 import ClientGoneError, Exchange
from local_stack.http.pages import Pages

Handler = Callable[[Exchange], Awaitable[None]]


class Front:
    """Finds out whose a request is."""

    def __init__(self, pools: Callable[[], Mapping[str, Pool]], local: Mapping[str, Handler], pages: Pages) -> None:
        """`pools` gives the pools by the functions' names as they are now; `local` handlers by exact path."""
        self._pools = pools
        self._local = local
        self._pages = pages

    async def handle(self, exchange: Exchange) -> None:
        """Answers one request; what goes wrong here is a 500, and told to whoever watches."""
        try:
            await self._route(exchange)
        except (ClientGoneError, ConnectionError, RemoteProtocolError):
            raise
        except Exception:
            if not exchange.started:
                await problems.problem(exchange, 500, "internal_error", "The local stack failed; its output says why.")
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
        """The function whose path it is; a path that ends in ``/*`` stands for all below it."""
        for pool in self._pools().values():
            for served in pool.function.paths:
                if path == served or (served.endswith("/*") and path.startswith(served[:-1])):
                    return pool
        return None

    def _function_paths(self) -> list[str]:
        return [path for pool in self._pools().values() for path in pool.function.paths]
