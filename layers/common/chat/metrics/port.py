"""The port for metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chat.metrics.catalogue import Metric

type Values = Mapping[Metric, float | Sequence[float]]
"""Measured values by metric; a sequence has one value for each occurrence."""

type LogValue = str | float | bool | Sequence[str] | None
"""A value of a log field; None omits the field."""


@dataclass(frozen=True, slots=True)
class ModelLabels:
    """A record's model, as dimensions. Both values come from the catalogue, so their number is bounded."""

    provider: str
    model: str


class Metrics(Protocol):
    """Publishes measurements, one record at a time. Requests share no state."""

    def publish(self, values: Values, *, model: ModelLabels | None = None, **log_fields: LogValue) -> None:
        """Publishes one record immediately. Never raises.

        `log_fields` can be searched in the logs but are not dimensions. They hold ids, codes and counts, never texts,
        tokens or keys. A record without values is not published, unless earlier values are pending.
        """
