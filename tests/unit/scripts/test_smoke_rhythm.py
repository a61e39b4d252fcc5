"""What the times of a stream's events say about what is on the way."""

import itertools

import pytest

from smoke_checks.events import Event, read_events
from smoke_checks.http_client import TimedChunk
from smoke_checks.rhythm import Rhythm, rhythm_of


def stream(first: float, tokens: list[float], end: float) -> Rhythm:
    events = [Event(first, 1, {"type": "typing"})]
    events += [Event(at, 2 + number, {"type": "token", "content": "x"}) for number, at in enumerate(tokens)]
    return rhythm_of([*events, Event(end, 1000, {"type": "done"})])


def times(start: float, gap: float, count: int) -> list[float]:
    return [start + gap * number for number in range(count)]


@pytest.mark.parametrize(
    "tokens",
    [
        times(0.5, 0.02, 40),
        list(itertools.chain.from_iterable([at] * 4 for at in times(0.5, 0.08, 10))),  # a provider's own small groups
        times(2, 1, 10),
        times(0.5, 0.02, 4),
    ],
)
def test_tokens_one_after_the_other_are_no_cause_for_suspicion(tokens: list[float]) -> None:
    assert stream(0.05, tokens, tokens[-1] + 0.05).suspicion() is None


@pytest.mark.parametrize(
    ("first", "tokens", "end", "says"),
    [
        (1.4, [1.4] * 40, 1.4, "the whole answer came at once, after 1400 ms"),
        (0.1, [1.4] * 40, 1.4, "the whole answer came at once"),
        (0.6, [0.6, *times(0.601, 0.02, 39)], 2.0, "holds small writes back"),
        (0.1, [0.5] * 20 + [1.0] * 20, 1.1, "40 tokens came in 2 bursts, 500 ms apart"),
        (0.1, [0.5] * 40 + [1.0] * 40 + [1.5] * 40, 1.6, "120 tokens came in 3 bursts"),
        (0.1, [0.7] * 4, 0.8, "the whole answer came at once"),
    ],
)
def test_buffered_stream_is_detected(first: float, tokens: list[float], end: float, says: str) -> None:
    assert says in str(stream(first, tokens, end).suspicion())


def test_gaps_are_between_moments() -> None:
    rhythm = stream(0.1, [1.0, 1.001, 1.1, 1.3], 1.4)

    assert (rhythm.tokens, rhythm.moments) == (4, 3)
    assert str(rhythm) == "4 tokens at 3 moments; gaps 200 ms (median), 200 ms (95th percentile), 200 ms (longest)"


def test_events_are_read_from_any_chunks() -> None:
    typing = 'retry: 2000\n\nid: 1\ndata: {"type":"typing"}\n\n'
    body = f'{typing}: ping\n\nid: 3\ndata: {{"type":"token","content":"hé"}}\n\n'.encode()
    pieces = [TimedChunk(float(number), body[number : number + 1]) for number in range(len(body))]

    events = list(read_events(pieces))

    assert [(event.id, event.type, event.text) for event in events] == [(1, "typing", ""), (3, "token", "hé")]
    assert events[1].at == len(body) - 1
