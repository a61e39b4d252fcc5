"""The models, providers and tiers of the service, from `catalog.toml`.

It has the properties and prices of models, the names of providers and the limits of tiers.
"""

import datetime as dt
import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from chat.messages import Usage
from chat.users import Tier

CATALOG_FILE = Path(__file__).with_name("catalog.toml")

Name = Annotated[str, Field(strict=True, min_length=1)]
Tokens = Annotated[int, Field(strict=True, gt=0)]
Count = Annotated[int, Field(strict=True, gt=0)]
UsdPerMillionTokens = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


class CatalogError(Exception):
    """The catalogue is invalid; the message names each model or tier with its invalid field."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model. Prices are in USD per million tokens, as of `price_date`; windows and limits are in tokens."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: Name
    provider: Name
    provider_model: Name
    tier: Tier
    context_window: Tokens
    max_output_tokens: Tokens
    input_price: UsdPerMillionTokens
    output_price: UsdPerMillionTokens
    price_date: dt.date
    sampling: Annotated[bool, Field(strict=True)]
    """Whether it accepts sampling parameters (temperature and the like)."""

    def cost_usd(self, usage: Usage) -> float:
        """The cost of these tokens at the catalogue's prices."""
        return (usage.input_tokens * self.input_price + usage.output_tokens * self.output_price) / 1_000_000


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of models."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: Name
    """The display name."""


@dataclass(frozen=True, slots=True)
class TierLimits:
    """The limits of a tier's users."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    requests_per_minute: Count
    """Sessions started in any 60 seconds."""
    concurrent_streams: Count
    """Concurrent generations."""


class Catalog:
    """Models in the catalogue's order, their providers by `Model.provider`, and the tiers' limits."""

    def __init__(
        self,
        models: Iterable[Model],
        limits: Mapping[Tier, TierLimits] = MappingProxyType({}),
        providers: Mapping[str, Provider] = MappingProxyType({}),
    ) -> None:
        self.models = tuple(models)
        self._limits = dict(limits)
        self._providers = dict(providers)
        self._by_id = {model.id: model for model in self.models}
        if len(self._by_id) < len(self.models):
            ids = [model.id for model in self.models]
            raise CatalogError(f"more than one model has the id {', '.join({i for i in ids if ids.count(i) > 1})}")

    def get(self, model_id: str) -> Model | None:
        """The model of that id; None if it does not exist."""
        return self._by_id.get(model_id)

    def provider_of(self, model: Model) -> Provider:
        """The provider of `model`, which is of this catalogue."""
        return self._providers[model.provider]

    def limits_of(self, tier: Tier) -> TierLimits:
        """The limits of a user of `tier`."""
        return self._limits[tier]

    def allowed_for(self, tier: Tier) -> tuple[Model, ...]:
        """The models that a user of `tier` may use."""
        return tuple(model for model in self.models if tier.includes(model.tier))


def parse_catalog(text: str) -> Catalog:
    """Reads a catalogue in the format of `catalog.toml`.

    Raises:
        CatalogError: not TOML, or a field of a model, provider or tier is missing or invalid.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"the catalogue is not TOML: {error}") from error
    entries = document.get("models")
    if not entries:
        raise CatalogError("the catalogue has no [[models]]")
    try:
        models = TypeAdapter(list[Model]).validate_python(entries)
    except ValidationError as error:
        raise CatalogError("; ".join(_problem(entries, item["loc"], item["msg"]) for item in error.errors())) from error
    providers = _table(dict[str, Provider], document, "providers")
    for model in models:
        if model.provider not in providers:
            raise CatalogError(f"{model.id}: the catalogue has no [providers.{model.provider}]")
        if model.max_output_tokens > model.context_window:
            raise CatalogError(f"{model.id}: max_output_tokens is more than context_window")
    return Catalog(models, _limits(document), providers)


@functools.cache
def load_catalog() -> Catalog:
    """The service's catalogue, read once per process.

    Raises:
        CatalogError: see `parse_catalog`.
    """
    return parse_catalog(CATALOG_FILE.read_text(encoding="utf-8"))


def _limits(document: Mapping[str, object]) -> dict[Tier, TierLimits]:
    limits = _table(dict[Tier, TierLimits], document, "tiers")
    missing = [tier.value for tier in Tier if tier not in limits]
    if missing:
        raise CatalogError(f"the catalogue has no [tiers.{missing[0]}]")
    return limits


def _table[T](kind: type[T], document: Mapping[str, object], name: str) -> T:
    try:
        return TypeAdapter(kind).validate_python(document.get(name))
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, (name, *item['loc'])))}: {item['msg']}" for item in error.errors())
        raise CatalogError("; ".join(problems)) from error


def _problem(entries: object, location: tuple[int | str, ...], message: str) -> str:
    if not (isinstance(entries, list) and location and isinstance(location[0], int)):
        return f"models: {message}"
    entry = entries[location[0]]
    name = entry.get("id") if isinstance(entry, dict) else None
    return f"{name or f'model number {location[0] + 1}'}: {'.'.join(map(str, location[1:]))}: {message}"
