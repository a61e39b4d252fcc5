"""The service under test, as a frontend sees it."""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from smoke_checks.events import Event, read_events
from smoke_checks.report import expect
from smoke_checks.wire import Answer, Wire

HTTP_OK, CREATED, NO_CONTENT = 200, 201, 204
EVENT_STREAM = "text/event-stream"
_AS_BROWSERS_DO = "gzip, deflate, br"
"""Nothing may take this offer for a stream: what compresses it collects it first."""


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the functions answer, without a slash at the end. On one machine all are the same."""

    start: str
    stream: str
    history: str


@dataclass(frozen=True, slots=True)
class Started:
    """A session that waits for its stream."""

    session_id: str
    chat_id: str
    stream_token: str
    prompt: str
    seconds: float


@dataclass(frozen=True, slots=True)
class OpenStream:
    """A stream that has begun."""

    headers: Mapping[str, str]
    events: Iterator[Event]


@dataclass(slots=True)
class Service:
    """One user's view of it. `model` is set once it is known which one is cheapest."""

    wire: Wire
    urls: Urls
    token: str
    model: str = ""
    answers: int = field(default=0, init=False)
    """How many answers a provider was asked for."""

    def start(self, prompt: str, **fields: Any) -> Started:
        """Starts a session in a new chat."""
        body = {"modelId": self.model, "prompt": prompt, **fields}
        begun = time.monotonic()
        answer = self.post("/chat/start", body, self.bearer())
        expect(answer.status == CREATED, f"/chat/start: {told(answer)}")
        found = answer.json()
        self.answers += 1
        seconds = time.monotonic() - begun
        return Started(found["sessionId"], found["chatId"], found["streamToken"], prompt, seconds)

    @contextlib.contextmanager
    def stream(
        self, session_id: str, *, last_event_id: int | None = None, in_query: bool = False
    ) -> Iterator[OpenStream]:
        """The events as they come; leaving it cuts the connection."""
        headers = self.bearer() | {"accept": EVENT_STREAM, "accept-encoding": _AS_BROWSERS_DO}
        query = {"sessionId": session_id}
        if last_event_id is not None and in_query:
            query["lastEventId"] = str(last_event_id)
        elif last_event_id is not None:
            headers["last-event-id"] = str(last_event_id)
        with self.wire.open("GET", self.stream_url(**query), headers) as answer:
            expect(answer.status == HTTP_OK, f"/chat/stream: status {answer.status}")
            coding = answer.headers.get("content-encoding", "identity")
            expect(coding == "identity", f"something on the way compresses the stream: {coding}")
            yield OpenStream(answer.headers, read_events(answer.pieces))

    def answer_of(self, chat_id: str) -> dict[str, Any]:
        """The newest message of a chat."""
        answer = self.get(self.history_url(chatId=chat_id), self.bearer())
        expect(answer.status == HTTP_OK, f"/chat/history: {told(answer)}")
        message: dict[str, Any] = answer.json()["messages"][-1]
        return message

    def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        """To the start function."""
        content = {**headers, "content-type": "application/json"}
        return self.wire.ask("POST", self.urls.start + path, content, json.dumps(body).encode())

    def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        return self.wire.ask("GET", url, headers)

    def bearer(self, token: str | None = None) -> dict[str, str]:
        return {"authorization": f"Bearer {token or self.token}"}

    def stream_url(self, **query: str) -> str:
        return f"{self.urls.stream}/chat/stream?{urlencode(query)}"

    def history_url(self, **query: str) -> str:
        return f"{self.urls.history}/chat/history?{urlencode(query)}"


def told(answer: Answer) -> str:
    """An answer in a few words."""
    return f"status {answer.status} {answer.code()}".strip()
