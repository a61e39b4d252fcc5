"""The tables of docs/cost.md, as Markdown."""

from collections.abc import Iterator

from chat.catalog import Catalog
from costing.data import Prices, UsageProfile
from costing.lines import CostLine, lines, stream_seconds, total
from costing.stack import Stack, read_stack

MODES = {
    "`none`": {"CacheMode": "none"},
    "`none`, with `SnapStart`": {"CacheMode": "none", "SnapStart": "on"},
    "`external`": {"CacheMode": "external"},
    "`elasticache`, one NAT gateway": {"CacheMode": "elasticache"},
    "`elasticache`, `NatPerZone`": {"CacheMode": "elasticache", "NatPerZone": "true"},
}
TEN_THOUSAND = 10
"""Chats a month, in thousands."""


def markdown(prices: Prices, usage: UsageProfile, catalog: Catalog) -> str:
    """All tables, with their assumptions."""
    return "\n".join(
        [*_modes(prices, usage), "", *_parts(prices, usage), "", *_models(usage, catalog), "", *_basis(prices, usage)]
    )


def _modes(prices: Prices, usage: UsageProfile) -> Iterator[str]:
    yield "| `CacheMode` | a month, idle | in use | a thousand chats | a month with 10,000 chats |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, parameters in MODES.items():
        cost = total(lines(read_stack(**parameters), prices, usage))
        month = cost.idle + cost.busy + TEN_THOUSAND * cost.thousand
        yield f"| {name} | {_usd(cost.idle)} | + {_usd(cost.busy)} | {_usd(cost.thousand)} | {_usd(month)} |"


def _parts(prices: Prices, usage: UsageProfile) -> Iterator[str]:
    found = lines(read_stack(**MODES["`elasticache`, one NAT gateway"]), prices, usage)
    yield "The parts of `elasticache` with one NAT gateway:"
    yield ""
    yield "| | a month, idle | in use | a thousand chats |"
    yield "| --- | ---: | ---: | ---: |"
    for line in (*found, total(found)):
        yield _row(line)


def _row(line: CostLine) -> str:
    cells = [f"{_usd(value)}" if value else "" for value in (line.idle, line.busy, line.thousand)]
    return f"| {line.what} | {cells[0]} | {'+ ' if cells[1] else ''}{cells[1]} | {cells[2]} |"


def _models(usage: UsageProfile, catalog: Catalog) -> Iterator[str]:
    yield "The providers' charges for the answers are extra:"
    yield ""
    yield "| model | a thousand chats |"
    yield "| --- | ---: |"
    for model in catalog.models:
        price = usage.chat["input_tokens"] * model.input_price + usage.chat["output_tokens"] * model.output_price
        yield f"| {model.id} | {_usd(price / 1000)} |"


def _basis(prices: Prices, usage: UsageProfile) -> Iterator[str]:
    chat, none, redis = usage.chat, usage.measured["none"], usage.measured["redis"]
    yield (
        f"A chat is one question with its answer, {chat['input_tokens']:.0f} input and {chat['output_tokens']:.0f} "
        f"output tokens streamed in {stream_seconds(usage):.1f} s, and one request for the history. Measured with the "
        f"running stack, it takes {none['write_units']:.0f} write and {none['read_units']:.0f} read units of DynamoDB "
        f"(with Redis {redis['write_units']:.0f} and {redis['read_units']:.0f}), {none['log_bytes'] / 1000:.0f} KB of "
        f"logs and {none['sent_bytes'] / 1000:.0f} KB sent to the browser."
    )
    yield ""
    yield (
        "An idle stack with `CacheMode` `none` pays for its metrics, alarms, dashboard and secrets. It has neither a "
        "network nor a Redis."
    )
    yield ""
    models = int(chat["models"])
    without_redis, with_redis = (read_stack(CacheMode=mode).busy_metrics(models) for mode in ("none", "external"))
    yield (
        f"*In use* is added in a month with chats, however many: up to {without_redis} more metrics (with Redis "
        f"{with_redis}) for {models} models. The price of your own Redis in `external` is not included."
    )
    yield ""
    yield from _environments(prices)
    yield ""
    yield (
        f"Prices are those of {prices.region} without free tiers, quoted between {prices.oldest} and {prices.newest}. "
        "[prices.toml](../scripts/costing/prices.toml) has the source of each (one is assumed: a "
        f"{', a '.join(prices.assumed)}), and [usage.toml](../scripts/costing/usage.toml) the assumptions about a chat."
        " `make costs` writes these tables."
    )


def _environments(prices: Prices) -> Iterator[str]:
    stored, recovery = prices["dynamodb_gb_month"], prices["dynamodb_recovery_gb_month"]
    dev, prod = (_stored(read_stack(Environment=name), stored, recovery) for name in ("dev", "prod"))
    yield (
        f"A GB of stored chats costs {_usd(dev)} a month in dev, and {_usd(prod)} in prod, which has point-in-time "
        f"recovery. `AlarmEmail` adds a KMS key for {_usd(prices['kms_key_month'])}. A deployment's snapshots replace "
        "those of the deployment before."
    )


def _stored(stack: Stack, stored: float, recovery: float) -> float:
    return stored + (recovery if stack.recovery else 0)


def _usd(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 0.1 else f"${amount:.3f}"  # noqa: PLR2004  # cents are enough from ten cents on
