"""Publishes the outcome of a generation whose producer died."""

from chat.catalog import Model
from chat.metrics import fields
from chat.metrics.catalogue import Metric
from chat.metrics.log_fields import labels_of, log_fields
from chat.metrics.port import Metrics
from chat.sessions import Session, SessionState
from chat.sessions.settling import INTERRUPTED


def publish_settled(metrics: Metrics, session: Session, model: Model | None) -> None:
    """Publishes the outcome. `session` is the session before it was settled."""
    stopped = session.stop_requested
    metrics.publish(
        {Metric.STREAMS_STOPPED if stopped else Metric.STREAMS_FAILED: 1},
        model=labels_of(session, model),
        **log_fields(session, model),
        **{
            fields.STATE: SessionState.STOPPED if stopped else SessionState.FAILED,
            fields.ERROR_TYPE: None if stopped else INTERRUPTED.code,
        },
    )
