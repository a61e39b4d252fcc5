"""A conversation: started, streamed, found again in the history."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from smoke_checks.events import TERMINAL, Event, text_of
from smoke_checks.report import LeftOutError, expect
from smoke_checks.rhythm import FEW_TOKENS, rhythm_of
from smoke_checks.service import EVENT_STREAM, HTTP_OK, Service, Started, told

CHARS_A_TOKEN = 4
"""For an answer whose provider reported no usage."""


@dataclass(frozen=True, slots=True)
class Price:
    """Of the model, in USD per million tokens."""

    input: float
    output: float


@dataclass(slots=True)
class Talk:
    """The conversation that most checks look at, as far as it got. `demo` is added for a demo provider to obey."""

    service: Service
    demo: bool
    price: Price = field(default=Price(0, 0), init=False)
    session: Started | None = field(default=None, init=False)
    headers: Mapping[str, str] = field(default_factory=dict, init=False)
    events: list[Event] = field(default_factory=list, init=False)
    tokens_in: int = field(default=0, init=False)
    tokens_out: int = field(default=0, init=False)
    _nonce: str = field(default_factory=lambda: secrets.token_hex(4), init=False)

    def models(self) -> str:
        """Picks the cheapest model of the user's tier, unless one was named."""
        service = self.service
        answer = service.get(f"{service.urls.history}/chat/models", service.bearer())
        expect(answer.status == HTTP_OK, f"/chat/models: {told(answer)}")
        document = answer.json()
        prices = {
            model["id"]: Price(model["price"]["inputPerMillion"], model["price"]["outputPerMillion"])
            for model in document["models"]
            if model["allowed"]
        }
        expect(prices, "the user may use no model")
        service.model = service.model or min(prices, key=lambda name: prices[name].input + prices[name].output)
        expect(service.model in prices, f"{service.model} is not among the user's models: {', '.join(prices)}")
        self.price = prices[service.model]
        return f"tier {document['tier']}, {len(prices)} models; the cheapest answers here: {service.model}"

    def start(self) -> str:
        """A session, in a chat of its own."""
        expect(self.service.model, "no model is known")
        self.session = self.service.start(self.prompt(40))
        return f"201 after {self.session.seconds * 1000:.0f} ms, with a stream token"

    def first_byte(self) -> str:
        """Streams the whole answer, and looks at its head and beginning."""
        with self.service.stream(self.begun().session_id) as stream:
            self.headers = stream.headers
            self.events = list(stream.events)
        kind = self.headers.get("content-type", "")
        expect(kind.startswith(EVENT_STREAM), f"the content type is {kind or 'missing'}")
        expect("no-transform" in self.headers.get("cache-control", ""), "no-transform is not in cache-control")
        self.note(self.events)
        check_whole(self.events)
        rhythm = rhythm_of(self.events)
        return f"{rhythm.first_event * 1000:.0f} ms; the first token after {rhythm.first_token * 1000:.0f} ms"

    def gaps(self) -> str:
        """Whether the tokens came one after the other."""
        rhythm = rhythm_of(self.ended())
        suspicion = rhythm.suspicion()
        expect(suspicion is None, f"{suspicion} ({rhythm})")
        if rhythm.tokens < FEW_TOKENS:
            raise LeftOutError(f"the provider sent too few tokens to tell: {rhythm}")
        return f"{rhythm}: nothing on the way buffers"

    def history(self) -> str:
        """Whether the stored answer is the one that was streamed."""
        events = self.ended()
        message = self.service.answer_of(self.begun().chat_id)
        expect(message["id"] == events[-1].data["messageId"], "the newest message is not the answer")
        expect(message["status"] == "complete", f"the answer's status is {message['status']}")
        expect(message["content"] == text_of(events), "the stored answer is not what was streamed")
        return f"{len(message['content'])} characters, as they were streamed; usage {message['usage']}"

    def prompt(self, numbers: int) -> str:
        """One that costs little: few tokens in, about three a number out."""
        demo = f" [demo:tokens={numbers} rate=60 slow-first=0.2]" if self.demo else ""
        nonce = f"{self._nonce}-{self.service.answers}"
        return f"Count from 1 to {numbers}, digits and commas only. Ignore this mark: {nonce}{demo}"

    def begun(self) -> Started:
        """The session.

        Raises:
            LeftOutError: there is none.
        """
        if self.session is None:
            raise LeftOutError("not tried: no session was started")
        return self.session

    def ended(self) -> list[Event]:
        """The events.

        Raises:
            LeftOutError: the stream did not come to its end.
        """
        if not self.events or self.events[-1].type != "done":
            raise LeftOutError("not tried: no answer was streamed")
        return self.events

    def note(self, events: list[Event]) -> None:
        """Adds what an answer cost, unless it was a kept one."""
        usage = events[-1].data.get("usage") if events else None
        if events and events[-1].data.get("cached"):
            return
        self.tokens_in += usage["inputTokens"] if usage else 0
        self.tokens_out += usage["outputTokens"] if usage else len(text_of(events)) // CHARS_A_TOKEN

    def spent(self) -> str:
        """What the test has taken, and what the provider is paid for it."""
        usd = (self.tokens_in * self.price.input + self.tokens_out * self.price.output) / 1_000_000
        service = self.service
        return (
            f"{service.wire.requests} requests; {service.answers} answers of {service.model or 'no model'}: about "
            f"{self.tokens_in} tokens in and {self.tokens_out} out, ${usd:.5f} by the catalogue's prices"
        )


def check_whole(events: list[Event]) -> None:
    """What holds for every answer, also for one that was put together from several connections."""
    expect(events, "the stream ended without any event")
    last = events[-1]
    expect(last.type == "done", f"the stream ended with {last.type}: {last.data.get('code', '')}")
    expect(sum(event.type in TERMINAL for event in events) == 1, "more than one event ends the stream")
    expect(events[0].type == "typing", f"the stream began with {events[0].type}")
    expect(any(event.text for event in events), "the answer is empty")
    ids = [event.id for event in events]
    expect(ids == sorted(set(ids)), "an event came twice, or in the wrong order")
