"""The queries of SEARCH."""

import pytest

from local_stack.dashboard.search import SearchError, parse_search

DIMENSIONS = {"service": "chat-stream", "provider": "xai", "model": "grok-4.7"}


def test_schema_and_terms_are_distinguished() -> None:
    search = parse_search('{"chat-sse/local",service,provider,model} MetricName="CostUSD" provider="xai"')

    assert search.namespace == "chat-sse/local"
    assert search.dimension_names == ("service", "provider", "model")
    assert search.metric == "CostUSD"
    assert search.fits(DIMENSIONS)
    assert not search.fits({**DIMENSIONS, "provider": "openai"})


def test_without_a_schema_any_dimensions_will_do() -> None:
    search = parse_search('Namespace="AWS/ElastiCache" MetricName="Evictions" "my-cache"')

    assert (search.namespace, search.dimension_names, search.metric) == ("AWS/ElastiCache", None, "Evictions")
    assert search.fits({"clusterId": "my-cache"})
    assert search.fits({"ServerlessCacheName": "my-cache"})
    assert not search.fits({"clusterId": "my-cache-2"})


@pytest.mark.parametrize(
    "query",
    ['MetricName="A" OR MetricName="B"', "CPUUtilization", '{AWS/EC2} MetricName="A" MetricName="B"', '{"open'],
)
def test_other_queries_are_refused(query: str) -> None:
    with pytest.raises(SearchError):
        parse_search(query)
