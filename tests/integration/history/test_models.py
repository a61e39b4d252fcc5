"""GET /chat/models."""

import pytest

from chat.users import Tier
from fakes.functions.buffered import Handler, World, call


@pytest.mark.parametrize(("tier", "count"), [(Tier.BASIC, 2), (Tier.PRO, 7), (Tier.ENTERPRISE, 10)])
def test_models_are_all_listed_and_those_of_the_tier_allowed(
    aws: World, handler: Handler, tier: Tier, count: int
) -> None:
    answer = call(handler, "GET", "/chat/models", bearer=aws.user(tier))
    assert (answer.status, answer.headers["cache-control"]) == (200, "private, no-store")
    assert answer.json["tier"] == tier
    assert len(answer.json["models"]) == 10
    assert sum(model["allowed"] for model in answer.json["models"]) == count
    luna = next(model for model in answer.json["models"] if model["id"] == "gpt-5.6-luna")
    assert luna == {
        "id": "gpt-5.6-luna",
        "provider": "openai",
        "providerName": "OpenAI",
        "tier": "BASIC",
        "contextWindow": 1_050_000,
        "maxOutputTokens": 128_000,
        "price": {"inputPerMillion": 0.2, "outputPerMillion": 1.2, "currency": "USD", "date": "2026-11-01"},
        "allowed": True,
    }
