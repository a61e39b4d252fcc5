"""The catalogue of models."""

import datetime as dt
import re

import pytest

from chat.catalog import CATALOG_FILE, Catalog, CatalogError, TierLimits, load_catalog, parse_catalog
from chat.users import Tier
from chat_stream.providers.registry import PROVIDERS as REGISTERED

PROVIDERS = """
[providers.openai]
name = "OpenAI"
"""

TIERS = """
[tiers.BASIC]
requests_per_minute = 1
concurrent_streams = 2
[tiers.PRO]
requests_per_minute = 3
concurrent_streams = 4
[tiers.ENTERPRISE]
requests_per_minute = 5
concurrent_streams = 6
"""

ONE_MODEL = """
[[models]]
id = "m"
provider = "openai"
provider_model = "m-2026"
tier = "PRO"
context_window = 1000
max_output_tokens = 100
input_price = 1
output_price = 2.5
price_date = 2026-11-01
sampling = true
"""


@pytest.mark.parametrize(("tier", "count"), [(Tier.BASIC, 2), (Tier.PRO, 7), (Tier.ENTERPRISE, 10)])
def test_each_tier_has_its_number_of_models(tier: Tier, count: int) -> None:
    assert len(load_catalog().allowed_for(tier)) == count


def test_each_tier_contains_the_one_before() -> None:
    catalog = load_catalog()
    basic, pro, enterprise = (set(catalog.allowed_for(tier)) for tier in Tier)
    assert basic < pro < enterprise == set(catalog.models)


def test_a_model_is_found_by_its_id_and_nothing_else_is() -> None:
    catalog = load_catalog()
    assert all(catalog.get(model.id) is model for model in catalog.models)
    assert catalog.get("gpt-0") is None


def test_models_that_refuse_sampling_parameters_say_so() -> None:
    catalog = load_catalog()
    refusing = {model.id for model in catalog.models if not model.sampling}
    assert {"claude-sonnet-5", "claude-opus-5"} <= refusing


def test_the_catalogue_is_read_once() -> None:
    assert load_catalog() is load_catalog()


def test_every_field_of_a_model_is_read() -> None:
    model = parse_catalog(PROVIDERS + TIERS + ONE_MODEL).models[0]
    assert (model.id, model.provider, model.provider_model, model.tier) == ("m", "openai", "m-2026", Tier.PRO)
    assert (model.context_window, model.max_output_tokens, model.sampling) == (1000, 100, True)
    assert (model.input_price, model.output_price, model.price_date) == (1.0, 2.5, dt.date(2026, 11, 1))


def test_every_tier_has_its_limits() -> None:
    catalog = parse_catalog(PROVIDERS + TIERS + ONE_MODEL)
    assert [catalog.limits_of(tier) for tier in Tier] == [TierLimits(1, 2), TierLimits(3, 4), TierLimits(5, 6)]


def test_every_model_has_a_provider_with_a_name() -> None:
    catalog = load_catalog()
    names = {model.provider: catalog.provider_of(model).name for model in catalog.models}
    assert names == {"openai": "OpenAI", "anthropic": "Anthropic", "xai": "xAI"}


def test_the_registrys_providers_have_the_catalogues_names() -> None:
    catalog = load_catalog()
    names = {model.provider: catalog.provider_of(model).name for model in catalog.models}
    assert {provider: entry.label for provider, entry in REGISTERED.items()} == names


def test_a_higher_tier_may_do_more() -> None:
    basic, pro, enterprise = (load_catalog().limits_of(tier) for tier in Tier)
    assert basic == TierLimits(requests_per_minute=20, concurrent_streams=2)
    assert basic.requests_per_minute < pro.requests_per_minute < enterprise.requests_per_minute
    assert basic.concurrent_streams < pro.concurrent_streams < enterprise.concurrent_streams


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('tier = "PRO"', 'tier = "GOLD"', "m: tier: "),
        ('provider = "openai"', "", "m: provider: "),
        ("input_price = 1", "input_price = -1", "m: input_price: "),
        ("input_price = 1", "input_price = nan", "m: input_price: "),
        ("sampling = true", 'sampling = "yes"', "m: sampling: "),
        ("sampling = true", "sampling = true\ntemperature = 1", "m: temperature: "),
        ("context_window = 1000", "context_window = 10", "m: max_output_tokens is more than context_window"),
        ('id = "m"', 'id = ""', "model number 1: id: "),
        ("price_date = 2026-11-01", "price_date = ", "not TOML"),
        (PROVIDERS, "", "providers: "),
        ("[providers.openai]", "[providers.another]", "m: the catalogue has no [providers.openai]"),
        ('name = "OpenAI"', "", "providers.openai.name: "),
        ('name = "OpenAI"', 'name = ""', "providers.openai.name: "),
        ('name = "OpenAI"', 'name = "OpenAI"\nlogo = "x"', "providers.openai.logo: "),
        ("[[models]]", "[models]", "models: "),
        ("[[models]]", "[[engines]]", "no [[models]]"),
        (TIERS, "", "tiers: "),
        ("[tiers.BASIC]", "[tiers.GOLD]", "tiers.GOLD"),
        ("[tiers.BASIC]\nrequests_per_minute = 1\nconcurrent_streams = 2\n", "", "no [tiers.BASIC]"),
        ("requests_per_minute = 1", "requests_per_minute = 0", "tiers.BASIC.requests_per_minute: "),
        ("requests_per_minute = 1", "requests_per_minute = 1.5", "tiers.BASIC.requests_per_minute: "),
        ("requests_per_minute = 1", 'requests_per_minute = "1"', "tiers.BASIC.requests_per_minute: "),
        ("concurrent_streams = 4", "", "tiers.PRO.concurrent_streams: "),
        ("concurrent_streams = 4", "concurrent_streams = 4\nburst = 1", "tiers.PRO.burst: "),
    ],
)
def test_invalid_catalogue_names_its_fault(before: str, after: str, says: str) -> None:
    catalogue = PROVIDERS + TIERS + ONE_MODEL
    assert before in catalogue
    with pytest.raises(CatalogError, match=re.escape(says)):
        parse_catalog(catalogue.replace(before, after))


def test_two_models_of_one_id_are_refused() -> None:
    with pytest.raises(CatalogError, match="more than one model has the id m"):
        parse_catalog(PROVIDERS + TIERS + ONE_MODEL * 2)


def test_the_file_holds_nothing_that_the_catalogue_does_not() -> None:
    assert CATALOG_FILE.read_text().count("[[models]]") == len(load_catalog().models)
    assert Catalog([]).models == ()
