"""What the page is answered, where a test does not leave that to the stack."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Request, Route

START = "**/chat/start"
STREAM = "**/chat/stream?*"
HISTORY = "**/chat/history?*chatId=*"

type Answer = Callable[[Route], None]


def refusal(code: str, *, retryable: bool = False, **fields: Any) -> Answer:
    """A stream of the one event that refuses it."""
    event = json.dumps({"type": "error", "code": code, "message": "No.", "retryable": retryable, **fields})
    return stream(f"data: {event}\n\n")


def stream(body: str) -> Answer:
    """A stream of these bytes."""
    return lambda route: route.fulfill(content_type="text/event-stream", body=body)


def problem(status: int, code: str, *, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
    """A problem document."""
    document = {"title": "No", "status": status, "detail": "No.", "code": code, **fields}
    return lambda route: route.fulfill(
        status=status, headers=headers, content_type="application/problem+json", body=json.dumps(document)
    )


def status(code: int, *, body: str = "no", headers: dict[str, str] | None = None) -> Answer:
    """An answer of something that stands between the page and the service."""
    return lambda route: route.fulfill(status=code, headers=headers, content_type="text/html", body=body)


def no_connection(route: Route) -> None:
    route.abort("connectionrefused")


def body_of(request: Request) -> dict[str, Any]:
    """Its JSON."""
    body: dict[str, Any] = json.loads(request.post_data or "{}")
    return body


@dataclass
class Answers:
    """Gives the requests of one address the answers named, one after the other, and the stack's own from then on."""

    page: Page
    pattern: str
    answers: list[Answer]
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.route(self.pattern, self._answer)

    def _answer(self, route: Route) -> None:
        self.requests.append(route.request)
        if self.answers:
            self.answers.pop(0)(route)
        else:
            route.continue_()

    @property
    def queries(self) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(request.url).query) for request in self.requests]

    @property
    def keys(self) -> list[str | None]:
        """The `Idempotency-Key`s of the requests."""
        return [request.headers.get("idempotency-key") for request in self.requests]


def change_history(page: Page, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Lets a test change the messages of a chat that the stack answers with."""

    def answer(route: Route) -> None:
        response = route.fetch()
        document = response.json()
        if response.ok:
            change(document["messages"])
        route.fulfill(response=response, json=document)

    page.route(HISTORY, answer)


def prompts_are(page: Page, status: str, code: str | None = None, *, retryable: bool | None = None) -> None:
    """The history says so of all prompts of a chat, and has no answers."""

    def change(messages: list[dict[str, Any]]) -> None:
        messages[:] = [message for message in messages if message["role"] == "user"]
        for message in messages:
            message.update(status=status, code=code, retryable=retryable)

    change_history(page, change)


def prompts_have_no_status(page: Page) -> None:
    """The history of version 0.1.0: each message is complete, unless it is an answer that is not."""

    def change(messages: list[dict[str, Any]]) -> None:
        for message in messages:
            message.pop("code", None)
            message.pop("retryable", None)
            if message["role"] == "user":
                message["status"] = "complete"

    change_history(page, change)


@dataclass
class Regenerating:
    """`POST /chat/start` with `regenerate`, over any stack: the answer comes from a separate chat."""

    page: Page
    prompt: str
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.route(START, self._answer)

    def _answer(self, route: Route) -> None:
        body = body_of(route.request)
        self.bodies.append(body)
        if "regenerate" not in body:
            route.continue_()
            return
        response = route.fetch(post_data={"modelId": body["modelId"], "prompt": self.prompt})
        route.fulfill(response=response, json={**response.json(), "chatId": body["chatId"]})
