"""Metrics that are kept instead of published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from chat.metrics import LogValue, Metric, ModelLabels, Values


@dataclass(frozen=True, slots=True)
class Record:
    """One record, as it was published."""

    values: Mapping[Metric, Sequence[float]]
    model: ModelLabels | None
    log_fields: Mapping[str, LogValue]


class RecordedMetrics:
    """A `chat.metrics.Metrics`."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._lock = Lock()

    def publish(self, values: Values, *, model: ModelLabels | None = None, **log_fields: LogValue) -> None:
        listed = {
            metric: list(given) if isinstance(given, Sequence) else [float(given)] for metric, given in values.items()
        }
        if any(listed.values()):
            with self._lock:
                found = {name: value for name, value in log_fields.items() if value is not None}
                self.records.append(Record(listed, model, found))

    def values(self, metric: Metric) -> list[float]:
        """All values of a metric, in order."""
        return [value for record in self.records for value in record.values.get(metric, ())]

    def total(self, metric: Metric) -> float:
        return sum(self.values(metric))

    @property
    def published(self) -> set[Metric]:
        """The metrics that have a value."""
        return {metric for record in self.records for metric, values in record.values.items() if values}

    def only(self) -> Record:
        """The one record there is."""
        (record,) = self.records
        return record
