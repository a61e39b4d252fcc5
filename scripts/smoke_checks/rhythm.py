"""Detects buffering on the way from the arrival times of a stream's events."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from smoke_checks.events import Event

SAME_MOMENT_SECONDS = 0.004
"""Events with a smaller gap were sent together or held back together."""

FEW_TOKENS = 8
"""With fewer tokens, buffering can be neither detected nor excluded."""

MIN_MOMENTS = 3
MAX_TOKENS_PER_MOMENT = 10
LATE_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A stream's timing, in seconds since the request was sent. A moment is a group of tokens that arrived together."""

    first_event: float
    first_token: float
    end: float
    tokens: int
    moments: int
    gaps: tuple[float, ...]
    """The gaps between moments, shortest first."""

    def share(self, share: float) -> float:
        """The quantile of the gaps for `share` (0 to 1)."""
        return self.gaps[min(len(self.gaps) - 1, int(len(self.gaps) * share))] if self.gaps else 0.0

    def suspicion(self) -> str | None:
        """Why something on the way seems to buffer the stream; None if nothing does."""
        if self.moments == 1 < self.tokens or self.first_event > LATE_SHARE * self.end:
            return f"the whole answer came at once, after {_ms(self.end)}: something on the way buffers it"
        if self.tokens < FEW_TOKENS:
            return None
        if self.first_token - self.first_event <= SAME_MOMENT_SECONDS:
            return "the opening event came together with the first tokens: something on the way holds small writes back"
        if self.moments < max(MIN_MOMENTS, self.tokens / MAX_TOKENS_PER_MOMENT):
            return (
                f"{self.tokens} tokens came in {self.moments} bursts, {_ms(self.share(0.5))} apart: "
                "something on the way collects them"
            )
        return None

    def __str__(self) -> str:
        return (
            f"{self.tokens} tokens at {self.moments} moments; gaps {_ms(self.share(0.5))} (median), "
            f"{_ms(self.share(0.95))} (95th percentile), {_ms(self.share(1))} (longest)"
        )


def rhythm_of(events: Sequence[Event]) -> Rhythm:
    """The timing of a complete stream with at least one token."""
    times = [event.at for event in events if event.type == "token"]
    gaps = [later - earlier for earlier, later in pairwise(times) if later - earlier > SAME_MOMENT_SECONDS]
    return Rhythm(
        first_event=events[0].at,
        first_token=times[0],
        end=events[-1].at,
        tokens=len(times),
        moments=len(gaps) + 1,
        gaps=tuple(sorted(gaps)),
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
