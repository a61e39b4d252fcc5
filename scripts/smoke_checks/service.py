"""The service under test, as a frontend sees it."""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from smoke_checks.events import Event, read_events
from smoke_checks.http_client import CompleteResponse, HttpClient
from smoke_checks.report import expect

HTTP_OK, CREATED, NO_CONTENT = 200, 201, 204
EVENT_STREAM = "text/event-stream"
_AS_BROWSERS_DO = "gzip, deflate, br"
"""No proxy may compress the stream: compression buffers it."""


@dataclass(frozen=True, slots=True)
class Urls:
    """The functions' URLs without a trailing slash. On the local stack all are the same."""

    start: str
    stream: str
    history: str


@dataclass(frozen=True, slots=True)
class Started:
    """A started session whose stream is not open yet."""

    session_id: str
    chat_id: str
    stream_token: str
    prompt: str
    seconds: float


@dataclass(frozen=True, slots=True)
class OpenStream:
    """An open stream."""

    headers: Mapping[str, str]
    events: Iterator[Event]


@dataclass(slots=True)
class ChatService:
    """The service, used by one user. `model` is set once the cheapest one is known."""

    http: HttpClient
    urls: Urls
    token: str
    model: str = ""
    answers: int = field(default=0, init=False)
    """Number of answers requested from a provider."""

    def start(self, prompt: str, **fields: Any) -> Started:
        """Starts a session in a new chat."""
        body = {"modelId": self.model, "prompt": prompt, **fields}
        sent_at = time.monotonic()
        answer = self.post("/chat/start", body, self.bearer())
        expect(answer.status == CREATED, f"/chat/start: {describe(answer)}")
        found = answer.json()
        self.answers += 1
        seconds = time.monotonic() - sent_at
        return Started(found["sessionId"], found["chatId"], found["streamToken"], prompt, seconds)

    @contextlib.contextmanager
    def stream(
        self, session_id: str, *, last_event_id: int | None = None, in_query: bool = False
    ) -> Iterator[OpenStream]:
        """Opens the stream; closes the connection when the context exits."""
        headers = self.bearer() | {"accept": EVENT_STREAM, "accept-encoding": _AS_BROWSERS_DO}
        query = {"sessionId": session_id}
        if last_event_id is not None and in_query:
            query["lastEventId"] = str(last_event_id)
        elif last_event_id is not None:
            headers["last-event-id"] = str(last_event_id)
        with self.http.open("GET", self.stream_url(**query), headers) as answer:
            expect(answer.status == HTTP_OK, f"/chat/stream: status {answer.status}")
            coding = answer.headers.get("content-encoding", "identity")
            expect(coding == "identity", f"something on the way compresses the stream: {coding}")
            yield OpenStream(answer.headers, read_events(answer.pieces))

    def answer_of(self, chat_id: str) -> dict[str, Any]:
        """The latest message of a chat."""
        answer = self.get(self.history_url(chatId=chat_id), self.bearer())
        expect(answer.status == HTTP_OK, f"/chat/history: {describe(answer)}")
        message: dict[str, Any] = answer.json()["messages"][-1]
        return message

    def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> CompleteResponse:
        """Posts to the start function."""
        content = {**headers, "content-type": "application/json"}
        return self.http.request("POST", self.urls.start + path, content, json.dumps(body).encode())

    def get(self, url: str, headers: Mapping[str, str]) -> CompleteResponse:
        return self.http.request("GET", url, headers)

    def bearer(self, token: str | None = None) -> dict[str, str]:
        return {"authorization": f"Bearer {token or self.token}"}

    def stream_url(self, **query: str) -> str:
        return f"{self.urls.stream}/chat/stream?{urlencode(query)}"

    def history_url(self, **query: str) -> str:
        return f"{self.urls.history}/chat/history?{urlencode(query)}"


def describe(answer: CompleteResponse) -> str:
    """A short description of a response."""
    return f"status {answer.status} {answer.code()}".strip()
