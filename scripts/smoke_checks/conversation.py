"""Checks of a conversation: start, stream, history."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from smoke_checks.events import TERMINAL, Event, text_of
from smoke_checks.report import SkippedError, expect
from smoke_checks.rhythm import FEW_TOKENS, rhythm_of
from smoke_checks.service import EVENT_STREAM, HTTP_OK, ChatService, Started, describe

CHARS_A_TOKEN = 4
"""Estimate for an answer without reported usage."""


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """A model's price in USD per million tokens."""

    input: float
    output: float


@dataclass(slots=True)
class SmokeConversation:
    """The conversation that most checks use. `demo` adds directives for the demo provider to the prompts."""

    service: ChatService
    demo: bool
    price: ModelPrice = field(default=ModelPrice(0, 0), init=False)
    session: Started | None = field(default=None, init=False)
    headers: Mapping[str, str] = field(default_factory=dict, init=False)
    events: list[Event] = field(default_factory=list, init=False)
    tokens_in: int = field(default=0, init=False)
    tokens_out: int = field(default=0, init=False)
    _nonce: str = field(default_factory=lambda: secrets.token_hex(4), init=False)

    def models(self) -> str:
        """Selects the cheapest model of the user's tier, unless one was given."""
        service = self.service
        answer = service.get(f"{service.urls.history}/chat/models", service.bearer())
        expect(answer.status == HTTP_OK, f"/chat/models: {describe(answer)}")
        document = answer.json()
        prices = {
            model["id"]: ModelPrice(model["price"]["inputPerMillion"], model["price"]["outputPerMillion"])
            for model in document["models"]
            if model["allowed"]
        }
        expect(prices, "the user may use no model")
        service.model = service.model or min(prices, key=lambda name: prices[name].input + prices[name].output)
        expect(service.model in prices, f"{service.model} is not among the user's models: {', '.join(prices)}")
        self.price = prices[service.model]
        return f"tier {document['tier']}, {len(prices)} models; using {service.model}"

    def start(self) -> str:
        """Starts a session in a new chat."""
        expect(self.service.model, "no model is known")
        self.session = self.service.start(self.prompt(40))
        return f"201 after {self.session.seconds * 1000:.0f} ms, with a stream token"

    def first_byte(self) -> str:
        """Streams the whole answer and checks its headers and first events."""
        with self.service.stream(self.started_session().session_id) as stream:
            self.headers = stream.headers
            self.events = list(stream.events)
        kind = self.headers.get("content-type", "")
        expect(kind.startswith(EVENT_STREAM), f"the content type is {kind or 'missing'}")
        expect("no-transform" in self.headers.get("cache-control", ""), "no-transform is not in cache-control")
        self.add_usage(self.events)
        check_whole(self.events)
        rhythm = rhythm_of(self.events)
        return f"{rhythm.first_event * 1000:.0f} ms; the first token after {rhythm.first_token * 1000:.0f} ms"

    def gaps(self) -> str:
        """Checks that the tokens arrived one by one."""
        rhythm = rhythm_of(self.completed_events())
        suspicion = rhythm.suspicion()
        expect(suspicion is None, f"{suspicion} ({rhythm})")
        if rhythm.tokens < FEW_TOKENS:
            raise SkippedError(f"the provider sent too few tokens to tell: {rhythm}")
        return f"{rhythm}: nothing on the way buffers"

    def history(self) -> str:
        """Checks that the stored answer equals the streamed one."""
        events = self.completed_events()
        message = self.service.answer_of(self.started_session().chat_id)
        expect(message["id"] == events[-1].data["messageId"], "the newest message is not the answer")
        expect(message["status"] == "complete", f"the answer's status is {message['status']}")
        expect(message["content"] == text_of(events), "the stored answer is not what was streamed")
        return f"{len(message['content'])} characters, as they were streamed; usage {message['usage']}"

    def prompt(self, numbers: int) -> str:
        """A cheap prompt: few input tokens, about three output tokens for each number."""
        demo = f" [demo:tokens={numbers} rate=60 slow-first=0.2]" if self.demo else ""
        nonce = f"{self._nonce}-{self.service.answers}"
        return f"Count from 1 to {numbers}, digits and commas only. Ignore this mark: {nonce}{demo}"

    def started_session(self) -> Started:
        """The started session.

        Raises:
            SkippedError: no session was started.
        """
        if self.session is None:
            raise SkippedError("not tried: no session was started")
        return self.session

    def completed_events(self) -> list[Event]:
        """The events of the completed stream.

        Raises:
            SkippedError: the stream did not complete.
        """
        if not self.events or self.events[-1].type != "done":
            raise SkippedError("not tried: no answer was streamed")
        return self.events

    def add_usage(self, events: list[Event]) -> None:
        """Adds an answer's tokens to the totals, unless it was cached."""
        usage = events[-1].data.get("usage") if events else None
        if events and events[-1].data.get("cached"):
            return
        self.tokens_in += usage["inputTokens"] if usage else 0
        self.tokens_out += usage["outputTokens"] if usage else len(text_of(events)) // CHARS_A_TOKEN

    def spent(self) -> str:
        """The requests, tokens and costs of the test."""
        usd = (self.tokens_in * self.price.input + self.tokens_out * self.price.output) / 1_000_000
        service = self.service
        return (
            f"{service.http.requests} requests; {service.answers} answers of {service.model or 'no model'}: about "
            f"{self.tokens_in} tokens in and {self.tokens_out} out, ${usd:.5f} by the catalogue's prices"
        )


def check_whole(events: list[Event]) -> None:
    """Checks the invariants of an answer, which may be assembled from several connections."""
    expect(events, "the stream ended without any event")
    last = events[-1]
    expect(last.type == "done", f"the stream ended with {last.type}: {last.data.get('code', '')}")
    expect(sum(event.type in TERMINAL for event in events) == 1, "more than one event ends the stream")
    expect(events[0].type == "typing", f"the stream started with {events[0].type}")
    expect(any(event.text for event in events), "the answer is empty")
    ids = [event.id for event in events]
    expect(ids == sorted(set(ids)), "an event arrived twice or out of order")
