"""The metrics record that one client's stream publishes when it ends."""

from typing import Any

from chat.catalog import Catalog
from chat.metrics import Metric, Metrics, fields
from chat.metrics.log_fields import log_fields
from chat.metrics.settled import publish_settled
from chat.sessions import AttachDecision, AttachRole, Session
from chat_stream.telemetry.generation_metrics import GenerationMetrics


class StreamRecord:
    """Collects metrics until `publish`. Publishes one record for each generation, or one if there was none."""

    def __init__(self, metrics: Metrics, catalog: Catalog, *, accepted_at: float) -> None:
        self._metrics = metrics
        self._catalog = catalog
        self._accepted_at = accepted_at
        self._values: dict[Metric, float] = {}
        self._log_fields: dict[str, Any] = {}
        self._generations: list[GenerationMetrics] = []

    def attached(self, attachment: AttachDecision, last_event_id: int) -> None:
        """Records the role. `last_event_id` is the id of the last event the client received before."""
        session = attachment.session
        self._log_fields = {**log_fields(session), fields.ROLE: attachment.role}
        if last_event_id > 0 or attachment.role is not AttachRole.PRODUCE or session.epoch > 1:
            self._values[Metric.STREAMS_RESUMED] = 1

    def generation(self, session: Session) -> GenerationMetrics:
        """The metrics of a generation that this stream begins to produce."""
        measures = GenerationMetrics(session, self._catalog.get(session.model_id), self._accepted_at)
        self._generations.append(measures)
        return measures

    def publish(self) -> None:
        """Publishes the metrics collected since the last call."""
        generations, self._generations = self._generations, []
        for measures in generations:
            found = self._log_fields | measures.log_fields()
            self._metrics.publish(self._take() | measures.values(), model=measures.labels, **found)
        if not generations:
            self._metrics.publish(self._take(), **self._log_fields)

    def _take(self) -> dict[Metric, float]:
        values, self._values = self._values, {}
        return values


class StreamRecords:
    """Creates records, and publishes the outcome of generations whose producer died."""

    def __init__(self, metrics: Metrics, catalog: Catalog) -> None:
        self._metrics = metrics
        self._catalog = catalog

    def new(self, *, accepted_at: float) -> StreamRecord:
        """Creates the record of a request that arrived at `accepted_at`, in event loop time."""
        return StreamRecord(self._metrics, self._catalog, accepted_at=accepted_at)

    def settled(self, session: Session) -> None:
        """Publishes the outcome of a session that this process settled after its producer died."""
        publish_settled(self._metrics, session, self._catalog.get(session.model_id))
