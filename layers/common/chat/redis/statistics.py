"""Statistics of Redis. Figures that it does not report are None; managed services hide some."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chat.redis.breaker.breaker import RedisUnavailableError
from chat.redis.client.blocking_calls import BlockingRedisCalls

if TYPE_CHECKING:
    from chat.redis.client.connections import Client


@dataclass(frozen=True, slots=True)
class RedisStatistics:
    """Sums over all nodes; None means unknown."""

    entries: int | None = None
    """Keys of any kind."""
    memory_bytes: int | None = None
    hit_rate_percent: float | None = None
    """Over all lookups since Redis started; None also if there were none."""


class RedisStatisticsReader:
    """Reads `INFO` and `DBSIZE`, from any thread."""

    def __init__(self, calls: BlockingRedisCalls) -> None:
        self._calls = calls

    def read(self) -> RedisStatistics:
        """Takes at most one call's timeout, or two if Redis replies to the first call. Never raises."""
        sizes = self._ask("dbsize", lambda client: [int(answer) for answer in _each(client, "DBSIZE")])
        info = self._ask("info", lambda client: [_info(answer) for answer in _each(client, "INFO")]) or []
        hits, misses = _total(info, "keyspace_hits"), _total(info, "keyspace_misses")
        asked = (hits or 0) + (misses or 0)
        return RedisStatistics(
            entries=_keys(info) if sizes is None else sum(sizes),
            memory_bytes=_total(info, "used_memory"),
            hit_rate_percent=None if hits is None or misses is None or not asked else 100 * hits / asked,
        )

    def _ask[T](self, operation: str, work: "Callable[[Client], T]") -> T | None:
        try:
            return self._calls.call(operation, work)
        except RedisUnavailableError:
            return None


def _each(client: "Client", command: str) -> Iterator[Any]:
    """The reply of each primary."""
    from redis import RedisCluster

    if not isinstance(client, RedisCluster):
        yield client.execute_command(command)  # type: ignore[no-untyped-call]
        return
    for node in client.get_primaries():  # type: ignore[no-untyped-call]
        yield client.execute_command(command, target_nodes=node)  # type: ignore[no-untyped-call]


def _info(answer: Any) -> dict[str, str]:
    """The raw fields of `INFO`, whether or not redis-py has parsed them."""
    if isinstance(answer, Mapping):
        return {str(name): _written(value) for name, value in answer.items()}
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line and not line.startswith("#"))


def _written(value: Any) -> str:
    """The text of a database's line, such as `keys=2,expires=1`, which redis-py may have parsed into a mapping."""
    if isinstance(value, Mapping):
        return ",".join(f"{name}={part}" for name, part in value.items())
    return str(value)


def _total(info: list[dict[str, str]], name: str) -> int | None:
    """The sum over all nodes; None if a node does not report it."""
    values = [fields.get(name, "") for fields in info]
    return sum(map(int, values)) if values and all(value.isdigit() for value in values) else None


def _keys(info: list[dict[str, str]]) -> int | None:
    """The number of keys in all databases of all nodes; an empty database has no line."""
    lines = [line for fields in info for name, line in fields.items() if name.startswith("db") and name[2:].isdigit()]
    counts = [part.removeprefix("keys=") for line in lines for part in line.split(",") if part.startswith("keys=")]
    return sum(int(count) for count in counts if count.isdigit()) if counts else None
