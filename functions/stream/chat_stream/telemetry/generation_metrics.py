"""Metrics of one generation, measured from the arrival of the producing request to the end of its stream."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chat.catalog import Model
from chat.messages import MessageKind, Usage
from chat.metrics import Metric, ModelLabels, fields
from chat.metrics.log_fields import labels_of, log_fields
from chat.sessions import Session, SessionState
from chat_stream.outcome import Outcome
from chat_stream.providers.port import Finish
from chat_stream.telemetry.answer_trace import AnsweredFrom, AnswerTrace

_BY_STATE = {
    SessionState.COMPLETED: Metric.STREAMS_COMPLETED,
    SessionState.STOPPED: Metric.STREAMS_STOPPED,
    SessionState.FAILED: Metric.STREAMS_FAILED,
}


@dataclass(slots=True)
class GenerationMetrics:
    """Measures one generation. Times are in event loop time. `model` is None if the catalogue has no such model."""

    session: Session
    model: Model | None
    accepted_at: float
    trace: AnswerTrace = field(default_factory=AnswerTrace)
    usage: Usage | None = None
    """Tokens used so far."""
    _finish: Finish | None = None
    _first_text_at: float | None = None
    _first_token_at: float | None = None
    _last_text_at: float | None = None
    _ended_at: float | None = None
    _state: SessionState | None = None
    _error_type: str | None = None

    def first_text(self) -> None:
        """Records that the source has yielded its first text."""
        self._first_text_at = _now()

    def first_token(self) -> None:
        """Records that the first token was sent to the client."""
        self._first_token_at = _now()

    def finished(self, finish: Finish) -> None:
        """Records that the source has finished."""
        self._last_text_at = _now()
        self._finish = finish
        self.usage = finish.usage or self.usage

    def ended(self, outcome: Outcome, data: Mapping[str, Any]) -> None:
        """Records the end. `data` is the data of the client's last event.

        That event is an `error` also if the answer was complete but could not be stored.
        """
        self._ended_at = _now()
        failed = data["type"] == "error"
        self._state = SessionState.FAILED if failed else outcome.state
        self._error_type = data["code"] if failed else None

    @property
    def labels(self) -> ModelLabels | None:
        return labels_of(self.session, self.model)

    def values(self) -> dict[Metric, float]:
        """The metrics to publish.

        A generation that lost its lease has no final state and no duration, but its tokens and costs count.
        """
        values: dict[Metric, float] = {} if self._state is None else {_BY_STATE[self._state]: 1}
        if self._is_chat:
            values |= self._times() | self._sources() | self._tokens()
        return values

    def log_fields(self) -> dict[str, Any]:
        """The fields of this generation's log lines."""
        source, finish = self.trace.answered_from, self._finish
        paid = self.usage if source is AnsweredFrom.PROVIDER else None
        found = {
            **log_fields(self.session, self.model),
            fields.STATE: self._state,
            fields.SOURCE: source if self._is_chat else AnsweredFrom.COMMAND,
            fields.ERROR_TYPE: self._error_type,
            fields.FINISH_REASONS: [finish.reason] if finish else None,
            fields.INPUT_TOKENS: paid.input_tokens if paid else None,
            fields.OUTPUT_TOKENS: paid.output_tokens if paid else None,
        }
        return {name: value for name, value in found.items() if value is not None}

    @property
    def _is_chat(self) -> bool:
        return self.session.kind is MessageKind.CHAT

    def _times(self) -> dict[Metric, float]:
        values: dict[Metric, float] = {}
        if self._first_token_at is not None:
            values[Metric.TIME_TO_FIRST_TOKEN_MS] = (self._first_token_at - self.accepted_at) * 1000
        if self._ended_at is not None:
            values[Metric.STREAM_DURATION_MS] = (self._ended_at - self.accepted_at) * 1000
        return values

    def _sources(self) -> dict[Metric, float]:
        trace = self.trace
        hit = trace.answered_from is AnsweredFrom.CACHE
        counts = {
            Metric.CACHE_HIT: int(trace.looked_into_cache and hit),
            Metric.CACHE_MISS: int(trace.looked_into_cache and not hit),
            Metric.SINGLE_FLIGHT_FOLLOWERS: int(trace.answered_from is AnsweredFrom.FLIGHT),
            Metric.PROVIDER_ERROR: trace.provider_errors,
            Metric.PROVIDER_RETRY: trace.retries.count,
        }
        return {metric: count for metric, count in counts.items() if count}

    def _tokens(self) -> dict[Metric, float]:
        usage, model = self.usage, self.model
        if usage is None or model is None:
            return {}
        if self.trace.answered_from is not AnsweredFrom.PROVIDER:
            return {Metric.CACHE_SAVED_USD: model.cost_usd(usage)}
        values: dict[Metric, float] = {
            Metric.INPUT_TOKENS: usage.input_tokens,
            Metric.OUTPUT_TOKENS: usage.output_tokens,
            Metric.COST_USD: model.cost_usd(usage),
        }
        if self._first_text_at is not None and self._last_text_at is not None:
            seconds = self._last_text_at - self._first_text_at
            if seconds > 0:
                values[Metric.OUTPUT_TOKENS_PER_SECOND] = usage.output_tokens / seconds
        return values


def _now() -> float:
    return asyncio.get_running_loop().time()
