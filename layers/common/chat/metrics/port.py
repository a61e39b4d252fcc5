"""The port that publishes metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chat.metrics.catalogue import Metric

type Values = Mapping[Metric, float | Sequence[float]]
"""Measured values; several if an event occurred several times."""

type Fact = str | float | bool | Sequence[str] | None
"""Fields of a record's log line; None values are left out."""


@dataclass(frozen=True, slots=True)
class ModelLabels:
    """The record's model as dimensions. Both values come from the catalogue, so there are few."""

    provider: str
    model: str


class Metrics(Protocol):
    """Publishes measurements, one record at a time, without state shared between requests."""

    def publish(self, values: Values, *, model: ModelLabels | None = None, **facts: Fact) -> None:
        """Publishes one record.

        `facts` are searchable log fields, not dimensions: ids, codes, counts; never texts, tokens or keys. A record
        without values publishes only what earlier calls left over. Never raises.
        """
