"""``POST /local/run/<function>``: runs a scheduled function immediately."""

from collections.abc import Callable, Mapping

from local_stack.emulator.pool import Pool, ThrottledError
from local_stack.emulator.schedule import event_of
from local_stack.http.http1 import Exchange, Handler
from local_stack.http.problems import problem
from local_stack.sam.template import FunctionSpec, Template

PATH = "/local/run"


class RunEndpoint:
    """Invokes functions with their schedule's event and returns their response."""

    def __init__(self, template: Template, pools: Callable[[], Mapping[str, Pool]]) -> None:
        """`pools` returns the current pools by function name."""
        self._functions = [function for function in template.functions if function.schedules]
        self._pools = pools

    def handlers(self) -> dict[str, Handler]:
        """By exact path."""
        return {f"{PATH}/{function.name}": self._handler(function) for function in self._functions}

    def _handler(self, function: FunctionSpec) -> Handler:
        async def run(exchange: Exchange) -> None:
            if exchange.method != "POST":
                await problem(exchange, 405, "method_not_allowed", f"POST {PATH}/{function.name}")
                return
            response = _Collected()
            try:
                await self._pools()[function.name].invoke(event_of(function.schedules[0]), response)
            except ThrottledError:
                await problem(exchange, 429, "throttled", "All processes of the function are busy.")
                return
            if response.error_type is not None:
                await problem(exchange, 502, "function_failed", f"The run failed: {response.error_type}.")
                return
            headers = {"content-type": "application/json", "cache-control": "no-store"}
            await exchange.respond(200, headers, bytes(response.received))

        return run


class _Collected:
    """An `invocation.ResponseSink` that collects the response."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.error_type: str | None = None

    async def begin(self, content_type: str) -> None:
        pass

    async def write(self, data: bytes) -> None:
        self.received += data

    async def end(self) -> None:
        pass

    async def fail(self, error_type: str) -> None:
        self.error_type = error_type
