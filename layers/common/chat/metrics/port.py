"""The port to where metrics go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chat.metrics.catalogue import Metric

type Values = Mapping[Metric, float | Sequence[float]]
"""What was measured; several values where something happened several times."""

type Fact = str | float | bool | Sequence[str] | None
"""The fields of a record's log line; None is left out."""


@dataclass(frozen=True, slots=True)
class ModelLabels:
    """The model that a record is about, as dimensions; both are the catalogue's, so there are few of them."""

    provider: str
    model: str


class Metrics(Protocol):
    """Takes measurements, one record at a time; there is nothing that several requests would share."""

    def publish(self, values: Values, *, model: ModelLabels | None = None, **facts: Fact) -> None:
        """Publishes one record, at once.

        `facts` can be searched for in the logs, and are no dimensions: ids, codes, counts; never texts, tokens or keys.
        Of a record without values nothing is published, but for what is left from before. It never raises.
        """
