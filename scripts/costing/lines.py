"""Cost lines, one for each kind of charge."""

from collections.abc import Iterator
from dataclasses import dataclass

from costing.data import HOURS_A_MONTH, Prices, UsageProfile
from costing.stack import FIVE_MINUTES_A_MONTH, Stack

GB = 1_000_000_000
THOUSAND = 1000
REQUESTS = 2
"""Invocations of a chat in addition to its history pages: start and stream."""


@dataclass(frozen=True, slots=True)
class CostLine:
    """US dollars for an idle month, the fixed addition of a month with chats, and a thousand chats."""

    what: str
    idle: float = 0.0
    busy: float = 0.0
    thousand: float = 0.0


def lines(stack: Stack, prices: Prices, usage: UsageProfile) -> tuple[CostLine, ...]:
    """All costs of a stack except the models."""
    kept = CostLine(
        "SnapStart's snapshots, one version each",
        idle=_snapshots(stack, prices),
        thousand=_restored(stack, prices, usage),
    )
    return (
        _lambda(stack, prices, usage),
        *([kept] if kept.idle else []),
        _dynamodb(stack, prices, usage),
        *_cloudwatch(stack, prices, usage),
        _secrets(stack, prices, usage),
        CostLine(
            "data to browsers", thousand=_thousand(_measured(stack, usage)["sent_bytes"] / GB * prices["internet_gb"])
        ),
        *_network(stack, prices, usage),
        *_cache(stack, prices, usage),
    )


def total(found: tuple[CostLine, ...]) -> CostLine:
    """The sum of all lines."""
    return CostLine(
        "total",
        idle=sum(line.idle for line in found),
        busy=sum(line.busy for line in found),
        thousand=sum(line.thousand for line in found),
    )


def _lambda(stack: Stack, prices: Prices, usage: UsageProfile) -> CostLine:
    chat = usage.chat
    second = prices["lambda_arm_gb_second" if stack.parameters["Architecture"] == "arm64" else "lambda_x86_gb_second"]
    cold = chat["cold_share"] * chat["init_seconds"]
    seconds = {
        "StartFunction": chat["start_seconds"] + cold,
        "StreamFunction": stream_seconds(usage) + cold,
        "HistoryFunction": chat["history_pages"] * (chat["history_seconds"] + cold),
    }
    a_chat = sum(stack.gb(function) * taken for function, taken in seconds.items()) * second
    a_chat += (REQUESTS + chat["history_pages"]) * prices["lambda_request"]
    cleanup = stack.gb("CleanupFunction") * usage.idle["cleanup_seconds"] * second
    cleanup += prices["lambda_request"] + prices["schedule_call"]
    return CostLine(
        "Lambda, and the cleanup's schedule", idle=FIVE_MINUTES_A_MONTH * cleanup, thousand=_thousand(a_chat)
    )


def stream_seconds(usage: UsageProfile) -> float:
    """The billed seconds of a stream."""
    chat = usage.chat
    return chat["attach_seconds"] + chat["first_token_seconds"] + chat["output_tokens"] / chat["tokens_per_second"]


def _snapshots(stack: Stack, prices: Prices) -> float:
    return stack.snapshot_gb * HOURS_A_MONTH * 3600 * prices["snapstart_cached_gb_second"]


def _restored(stack: Stack, prices: Prices, usage: UsageProfile) -> float:
    return _thousand(stack.snapshot_gb * usage.chat["cold_share"] * prices["snapstart_restored_gb"])


def _dynamodb(stack: Stack, prices: Prices, usage: UsageProfile) -> CostLine:
    measured = _measured(stack, usage)
    write, read = prices["dynamodb_write_unit"], prices["dynamodb_read_unit"]
    return CostLine(
        "DynamoDB, without storage",
        idle=FIVE_MINUTES_A_MONTH
        * (usage.idle["cleanup_write_units"] * write + usage.idle["cleanup_read_units"] * read),
        thousand=_thousand(measured["write_units"] * write + measured["read_units"] * read),
    )


def _cloudwatch(stack: Stack, prices: Prices, usage: UsageProfile) -> Iterator[CostLine]:
    log, trace = prices["log_gb"] / GB, prices["trace"]
    metric = prices["metric_month"]
    yield CostLine(
        "metrics",
        idle=stack.idle_metrics() * metric,
        busy=stack.busy_metrics(int(usage.chat["models"])) * metric,
    )
    alarms = stack.alarm_metrics * prices["alarm_metric_month"]
    yield CostLine(
        "alarms and dashboard", idle=alarms + stack.count("AWS::CloudWatch::Dashboard") * prices["dashboard_month"]
    )
    yield CostLine(
        "logs and traces",
        idle=FIVE_MINUTES_A_MONTH * (usage.idle["cleanup_log_bytes"] * log + trace),
        thousand=_thousand(
            _measured(stack, usage)["log_bytes"] * log + (REQUESTS + usage.chat["history_pages"]) * trace
        ),
    )


def _secrets(stack: Stack, prices: Prices, usage: UsageProfile) -> CostLine:
    kept = stack.count("AWS::SecretsManager::Secret") * prices["secret_month"]
    keys = stack.count("AWS::KMS::Key") * prices["kms_key_month"]
    return CostLine("secrets", idle=kept + keys, busy=usage.idle["secret_calls"] * prices["secret_call"])


def _network(stack: Stack, prices: Prices, usage: UsageProfile) -> Iterator[CostLine]:
    gateways = stack.count("AWS::EC2::NatGateway")
    if gateways:
        an_hour = prices["nat_hour"] + prices["public_address_hour"]
        through = usage.chat["provider_bytes"] / GB * prices["nat_gb"]
        what = "NAT gateway" if gateways == 1 else f"{gateways} NAT gateways"
        yield CostLine(what, idle=gateways * HOURS_A_MONTH * an_hour, thousand=_thousand(through))


def _cache(stack: Stack, prices: Prices, usage: UsageProfile) -> Iterator[CostLine]:
    if stack.count("AWS::ElastiCache::ServerlessCache"):
        kept = HOURS_A_MONTH * usage.idle["cache_gb"] * prices["cache_gb_hour"]
        spent = _measured(stack, usage)["cache_units"] * prices["cache_unit"]
        yield CostLine("ElastiCache Serverless", idle=kept, thousand=_thousand(spent))


def _measured(stack: Stack, usage: UsageProfile) -> dict[str, float]:
    return usage.measured["redis" if stack.redis else "none"]


def _thousand(one: float) -> float:
    return THOUSAND * one
