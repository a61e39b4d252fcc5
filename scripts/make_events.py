"""Generates `events/`: an event for each path of each function, for `sam local invoke`.

    python scripts/make_events.py [--into FOLDER] [--token TOKEN] [--session-id ID] [--chat-id ID]
    scripts/sam local invoke StartFunction --event events/start.json

Paths and methods come from the template, bodies from the functions' own models, and the event format from the local
stack. Without a valid token a function answers 401.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from chat.http.json_body import JsonBody
from chat_start.bodies import StartBody, StopBody
from local_stack.emulator.schedule import event_of
from local_stack.function_urls.events import function_url_event
from local_stack.sam.template import FunctionSpec, read_template

ROOT = Path(__file__).resolve().parents[1]

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ID = "00000000-0000-0000-0000-000000000000"
CALLER = "203.0.113.7"


@dataclass(frozen=True, slots=True)
class Request:
    """A client's request to a path."""

    method: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: JsonBody | None = None
    headers: tuple[tuple[str, str], ...] = ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--into", type=Path, default=ROOT / "events", help="output folder")
    parser.add_argument("--token", default="TOKEN", help="a user's token")
    parser.add_argument("--session-id", default="01KAPZ4N000000000000000000", help="session to stream or stop")
    parser.add_argument("--chat-id", default="example", help="chat to write and read")
    arguments = parser.parse_args()
    requests = requests_by_path(arguments.session_id, arguments.chat_id)
    arguments.into.mkdir(parents=True, exist_ok=True)
    for function in read_template(ROOT / "template.yaml").functions:
        for name, event in events_of(function, requests, arguments.token):
            (arguments.into / f"{name}.json").write_text(json.dumps(event, indent=2) + "\n")


def requests_by_path(session_id: str, chat_id: str) -> dict[str, Request]:
    """One request for each path of the API."""
    prompt = {"modelId": "gpt-5.6-luna", "prompt": "What are server-sent events?", "chatId": chat_id}
    return {
        "/chat/start": Request(
            "POST", body=StartBody.model_validate(prompt), headers=(("idempotency-key", "example-1"),)
        ),
        "/chat/stop": Request("POST", body=StopBody.model_validate({"sessionId": session_id})),
        "/chat/stream": Request("GET", {"sessionId": session_id}, headers=(("accept", "text/event-stream"),)),
        "/chat/history": Request("GET", {"chatId": chat_id, "limit": "20"}),
        "/chat/models": Request("GET"),
    }


def events_of(
    function: FunctionSpec, requests: Mapping[str, Request], token: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the events of a function with their file names.

    Raises:
        KeyError: a path of the template is not part of the API.
    """
    for path in function.paths:
        yield path.rpartition("/")[2], url_event(function, path, requests[path], token)
    for schedule in function.schedules:
        event = json.loads(event_of(schedule)) | {"id": ID, "time": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"}
        yield function.name.removesuffix("Function").lower(), event


def url_event(function: FunctionSpec, path: str, request: Request, token: str) -> dict[str, Any]:
    """The Function URL's event for the request (payload format 2.0)."""
    cors = function.url.cors if function.url is not None else None
    if cors is None or request.method not in cors.allow_methods:
        raise SystemExit(f"the template's CORS does not allow {request.method} {path}")
    url_id = function.name.lower()
    headers = [("host", f"{url_id}.lambda-url.eu-central-1.on.aws"), ("authorization", f"Bearer {token}")]
    body = b""
    if request.body is not None:
        headers.append(("content-type", "application/json"))
        body = request.body.model_dump_json(by_alias=True, exclude_unset=True).encode()
    target = f"{path}?{urlencode(request.query)}" if request.query else path
    event: dict[str, Any] = json.loads(
        function_url_event(
            request.method, target, [*headers, *request.headers], body, client_host=CALLER, url_id=url_id, now=NOW
        )
    )
    event["headers"] |= {"x-forwarded-proto": "https", "x-forwarded-port": "443"}
    event["requestContext"]["requestId"] = ID
    return event


if __name__ == "__main__":
    main()
