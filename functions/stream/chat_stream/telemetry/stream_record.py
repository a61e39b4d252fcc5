"""What one client's stream publishes: one record, at its end."""

from typing import Any

from chat.catalog import Catalog
from chat.metrics import Metric, Metrics, fields
from chat.metrics.log_fields import log_fields
from chat.metrics.settled import publish_settled
from chat.sessions import AttachDecision, AttachRole, Session
from chat_stream.telemetry.generation_metrics import GenerationMetrics


class StreamRecord:
    """Collects until `publish`. A second generation, after a lost lease, gets a record of its own."""

    def __init__(self, metrics: Metrics, catalog: Catalog, *, accepted_at: float) -> None:
        self._metrics = metrics
        self._catalog = catalog
        self._accepted_at = accepted_at
        self._values: dict[Metric, float] = {}
        self._facts: dict[str, Any] = {}
        self._generations: list[GenerationMetrics] = []

    def attached(self, attachment: AttachDecision, last_event_id: int) -> None:
        """The client is to be told what it has not seen: `last_event_id` is what it has."""
        session = attachment.session
        self._facts = {**log_fields(session), fields.ROLE: attachment.role}
        if last_event_id > 0 or attachment.role is not AttachRole.PRODUCE or session.epoch > 1:
            self._values[Metric.STREAMS_RESUMED] = 1

    def generation(self, session: Session) -> GenerationMetrics:
        """The stream produces the session's answer: what is measured of that."""
        measures = GenerationMetrics(session, self._catalog.get(session.model_id), self._accepted_at)
        self._generations.append(measures)
        return measures

    def publish(self) -> None:
        """Publishes what was collected since the last call."""
        generations, self._generations = self._generations, []
        for measures in generations:
            facts = self._facts | measures.facts()
            self._metrics.publish(self._take() | measures.values(), model=measures.labels, **facts)
        if not generations:
            self._metrics.publish(self._take(), **self._facts)

    def _take(self) -> dict[Metric, float]:
        values, self._values = self._values, {}
        return values


class StreamRecords:
    """Makes records, and publishes what this process finds of other ones' generations."""

    def __init__(self, metrics: Metrics, catalog: Catalog) -> None:
        self._metrics = metrics
        self._catalog = catalog

    def new(self, *, accepted_at: float) -> StreamRecord:
        """A record for a request that arrived at `accepted_at`, in the event loop's time."""
        return StreamRecord(self._metrics, self._catalog, accepted_at=accepted_at)

    def settled(self, session: Session) -> None:
        """A session whose producer had died was ended by this process."""
        publish_settled(self._metrics, session, self._catalog.get(session.model_id))
