"""The README's tables, as Markdown."""

from collections.abc import Iterator

from chat.catalog import Catalog
from costing.data import Prices, Usage
from costing.lines import Line, lines, stream_seconds, total
from costing.stack import Stack, read_stack

MODES = {
    "`none`": {"CacheMode": "none"},
    "`none`, with `SnapStart`": {"CacheMode": "none", "SnapStart": "on"},
    "`external`": {"CacheMode": "external"},
    "`elasticache`, one NAT gateway": {"CacheMode": "elasticache"},
    "`elasticache`, `NatPerZone`": {"CacheMode": "elasticache", "NatPerZone": "true"},
}
TEN_THOUSAND = 10
"""Times a thousand."""


def markdown(prices: Prices, usage: Usage, catalog: Catalog) -> str:
    """All tables, with what they rest on."""
    return "\n".join(
        [*_modes(prices, usage), "", *_parts(prices, usage), "", *_models(usage, catalog), "", *_basis(prices, usage)]
    )


def _modes(prices: Prices, usage: Usage) -> Iterator[str]:
    yield "| `CacheMode` | a month, idle | in use | a thousand chats | a month with 10,000 chats |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, parameters in MODES.items():
        cost = total(lines(read_stack(**parameters), prices, usage))
        month = cost.idle + cost.busy + TEN_THOUSAND * cost.thousand
        yield f"| {name} | {_usd(cost.idle)} | + {_usd(cost.busy)} | {_usd(cost.thousand)} | {_usd(month)} |"


def _parts(prices: Prices, usage: Usage) -> Iterator[str]:
    found = lines(read_stack(**MODES["`elasticache`, one NAT gateway"]), prices, usage)
    yield "What that is made of, for `elasticache` with one NAT gateway:"
    yield ""
    yield "| | a month, idle | in use | a thousand chats |"
    yield "| --- | ---: | ---: | ---: |"
    for line in (*found, total(found)):
        yield _row(line)


def _row(line: Line) -> str:
    cells = [f"{_usd(value)}" if value else "" for value in (line.idle, line.busy, line.thousand)]
    return f"| {line.what} | {cells[0]} | {'+ ' if cells[1] else ''}{cells[1]} | {cells[2]} |"


def _models(usage: Usage, catalog: Catalog) -> Iterator[str]:
    yield "The models' answers are paid to their providers, beside that:"
    yield ""
    yield "| model | a thousand chats |"
    yield "| --- | ---: |"
    for model in catalog.models:
        price = usage.chat["input_tokens"] * model.input_price + usage.chat["output_tokens"] * model.output_price
        yield f"| {model.id} | {_usd(price / 1000)} |"


def _basis(prices: Prices, usage: Usage) -> Iterator[str]:
    chat, none, redis = usage.chat, usage.measured["none"], usage.measured["redis"]
    yield (
        f"A chat is here one question and its answer, {chat['input_tokens']:.0f} tokens read and "
        f"{chat['output_tokens']:.0f} written in {stream_seconds(usage):.1f} s, and one look at the history. It takes "
        f"{none['write_units']:.0f} write and {none['read_units']:.0f} read units of DynamoDB (with Redis "
        f"{redis['write_units']:.0f} and {redis['read_units']:.0f}), {none['log_bytes'] / 1000:.0f} KB of logs and "
        f"{none['sent_bytes'] / 1000:.0f} KB to the browser, as measured with the running stack."
    )
    yield ""
    yield (
        "What `none` costs without a chat is what watches it (metrics, alarms, dashboard) and its secrets; it has "
        "no network and no Redis."
    )
    yield ""
    models = int(chat["models"])
    least, most = (read_stack(CacheMode=mode).busy_metrics(models) for mode in ("none", "external"))
    yield (
        f"*In use* is what a month with chats adds whatever their number: up to {least} more metrics (with Redis "
        f"{most}) for {models} models. A Redis of your own, in `external`, has its own price, which is not in here."
    )
    yield ""
    yield from _environments(prices)
    yield ""
    yield (
        f"Prices are those of {prices.region} without free tiers, quoted between {prices.oldest} and {prices.newest}; "
        f"[prices.toml](scripts/prices.toml) has the source of each (one is assumed: a {', a '.join(prices.assumed)}), "
        "[usage.toml](scripts/usage.toml) what a chat was taken to be. `make costs` writes these tables."
    )


def _environments(prices: Prices) -> Iterator[str]:
    stored, recovery = prices["dynamodb_gb_month"], prices["dynamodb_recovery_gb_month"]
    dev, prod = (_stored(read_stack(Environment=name), stored, recovery) for name in ("dev", "prod"))
    yield (
        f"The environments differ in what is stored: a GB of chats costs {_usd(dev)} a month in dev, {_usd(prod)} in "
        f"prod, where it can be recovered. An `AlarmEmail` adds a key for {_usd(prices['kms_key_month'])}. A "
        "deployment's snapshots take the place of those before."
    )


def _stored(stack: Stack, stored: float, recovery: float) -> float:
    return stored + (recovery if stack.recovery else 0)


def _usd(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 0.1 else f"${amount:.3f}"  # noqa: PLR2004  # cents are enough from ten cents on
