"""The catalogue itself."""

from aws_lambda_powertools.metrics import MetricUnit

from chat.metrics import Metric, Service

DESIGNED = """SessionsStarted, StreamsCompleted, StreamsFailed, StreamsStopped, StreamsResumed, TimeToFirstTokenMs,
StreamDurationMs, OutputTokensPerSecond, InputTokens, OutputTokens, CostUSD, CacheHit, CacheMiss, CacheError,
CacheSavedUSD, SingleFlightFollowers, ProviderError, ProviderRetry, RateLimited, ActiveSessions, SessionsExpired,
SessionsSettled"""


def test_catalogue_has_all_that_the_design_wants() -> None:
    assert {name.strip() for name in DESIGNED.replace("\n", " ").split(",")} <= set(Metric)


def test_units_are_cloudwatchs() -> None:
    assert {metric.unit.value for metric in Metric} <= {unit.value for unit in MetricUnit} | {"None"}


def test_dimensions_are_few_and_every_metric_has_a_publisher() -> None:
    """CloudWatch bills each combination of values: what is about a model is published by model, by the stream only."""
    for metric in Metric:
        assert metric.dimension_sets[0] == ("service",)
        assert metric.services
        assert metric.by_model == (("service", "provider", "model") in metric.dimension_sets)
        assert not metric.by_model or metric.services == (Service.STREAM,)
