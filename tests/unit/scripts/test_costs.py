"""What `scripts/costs.py` makes of the prices, the usage and the template."""

import datetime as dt
from itertools import pairwise

import pytest

import costs
from chat.catalog import load_catalog
from costing.data import Prices, UsageProfile, read_prices, read_usage
from costing.lines import CostLine, lines, total
from costing.stack import read_stack
from costing.tables import MODES, markdown


@pytest.fixture(scope="module")
def prices() -> Prices:
    return read_prices()


@pytest.fixture(scope="module")
def usage() -> UsageProfile:
    return read_usage()


def line_of(found: tuple[CostLine, ...], word: str) -> CostLine:
    (line,) = [line for line in found if word in line.what]
    return line


def test_document_has_the_tables_as_they_are_computed(prices: Prices, usage: UsageProfile) -> None:
    """`make costs` writes them."""
    text = costs.DOCUMENT.read_text(encoding="utf-8")

    assert costs.put(text, markdown(prices, usage, load_catalog())) == text


def test_each_price_has_its_source_and_a_date_that_was(prices: Prices) -> None:
    assert prices.region == "us-east-1"
    for name, price in prices.prices.items():
        assert price.usd > 0, name
        assert price.per, name
        assert price.source.startswith("none") == price.assumed, name
        assert dt.date(2024, 1, 1) <= price.date <= dt.date(2026, 12, 31), name


def test_each_price_is_used(prices: Prices, usage: UsageProfile) -> None:
    """A price that changes nothing when it doubles is one that was forgotten."""

    def cost(prices: Prices) -> str:
        stacks = [read_stack(CacheMode="elasticache", AlarmEmail="a@example.com"), read_stack(Architecture="x86_64")]
        return markdown(prices, usage, load_catalog()) + str([lines(stack, prices, usage) for stack in stacks])

    before = cost(prices)
    for name, price in prices.prices.items():
        doubled = type(price)(2 * price.usd, price.per, price.source, price.date)
        assert cost(Prices(prices.region, prices.prices | {name: doubled})) != before, name


def test_a_month_with_nat_gateway_and_cache_is_added_up_by_hand(prices: Prices, usage: UsageProfile) -> None:
    found = lines(read_stack(CacheMode="elasticache"), prices, usage)

    assert line_of(found, "NAT").idle == pytest.approx(730 * (0.045 + 0.005))
    assert line_of(found, "ElastiCache").idle == pytest.approx(730 * 0.1 * 0.084)
    assert line_of(found, "secrets").idle == pytest.approx(2 * 0.40)
    assert total(found).idle == pytest.approx(sum(line.idle for line in found))


def test_a_thousand_chats_are_added_up_by_hand(prices: Prices, usage: UsageProfile) -> None:
    found = lines(read_stack(), prices, usage)

    seconds = (0.06 + 0.03) + (0.1 + 0.7 + 8 + 0.03) + (0.05 + 0.03)
    assert line_of(found, "Lambda").thousand == pytest.approx(1000 * (seconds * 0.0000133334 + 3 * 0.0000002))
    measured = usage.measured["none"]
    units = measured["write_units"] * 0.000000625 + measured["read_units"] * 0.000000125
    assert line_of(found, "DynamoDB").thousand == pytest.approx(1000 * units)


def test_modes_cost_more_the_more_they_bring(prices: Prices, usage: UsageProfile) -> None:
    none, snapshots, external, one, two = (
        total(lines(read_stack(**parameters), prices, usage)).idle for parameters in MODES.values()
    )
    assert all(less < more for less, more in pairwise([none, external, snapshots, one, two]))
    assert two - one == pytest.approx(730 * (0.045 + 0.005))


def test_counted_resources_match_the_template() -> None:
    none, external = read_stack(), read_stack(CacheMode="external", Environment="prod", AlarmEmail="a@example.com")
    elasticache = read_stack(CacheMode="elasticache", NatPerZone="true", SnapStart="on")

    assert [stack.count("AWS::SecretsManager::Secret") for stack in (none, external, elasticache)] == [2, 3, 2]
    assert [stack.count("AWS::EC2::NatGateway") for stack in (none, external, elasticache)] == [0, 0, 2]
    assert [stack.count("AWS::KMS::Key") for stack in (none, external, elasticache)] == [0, 1, 0]
    assert [stack.recovery for stack in (none, external)] == [False, True]
    assert [stack.snapshot_gb for stack in (none, elasticache)] == [0, 2]
    assert none.alarm_metrics > none.count("AWS::CloudWatch::Alarm")
    assert elasticache.idle_metrics() == none.idle_metrics() + 4


def test_tables_need_their_place() -> None:
    with pytest.raises(ValueError, match="has no"):
        costs.put("# Title", "tables")
