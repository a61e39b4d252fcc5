"""Reads the two data files, prices.toml and usage.toml."""

import datetime as dt
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
HOURS_A_MONTH = 730


@dataclass(frozen=True, slots=True)
class Price:
    """A price in US dollars for one unit."""

    usd: float
    per: str
    source: str
    date: dt.date
    assumed: bool = False
    """True if no source quotes the price."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of one region, by name."""

    region: str
    prices: dict[str, Price]

    def __getitem__(self, name: str) -> float:
        return self.prices[name].usd

    @property
    def assumed(self) -> list[str]:
        """The units of the assumed prices."""
        return [price.per for price in self.prices.values() if price.assumed]

    @property
    def oldest(self) -> dt.date:
        return min(price.date for price in self.prices.values())

    @property
    def newest(self) -> dt.date:
        return max(price.date for price in self.prices.values())


def read_prices(path: Path = _HERE / "prices.toml") -> Prices:
    """Reads the prices.

    Raises:
        TypeError: a price has a missing or an unknown field.
    """
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    region = document.pop("region")
    return Prices(region, {name: Price(**fields) for name, fields in document.items()})


@dataclass(frozen=True, slots=True)
class UsageProfile:
    """The contents of scripts/costing/usage.toml."""

    chat: dict[str, float]
    measured: dict[str, dict[str, float]]
    """Measured usage by cache: "none" and "redis"."""
    idle: dict[str, float]


def read_usage(path: Path = _HERE / "usage.toml") -> UsageProfile:
    """The usage."""
    document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return UsageProfile(chat=document["chat"], measured=document["measured"], idle=document["idle"])
