"""What the adapters ask of DynamoDB, recorded or disturbed on its way, by botocore's own events."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from itertools import count
from threading import Lock
from typing import Any

from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import ConnectionClosedError

from chat.dynamo import Tables
from chat.ids import new_id

_HEADERS: Any = HeadersDict({"content-type": "application/x-amz-json-1.0"})


@contextmanager
def recorded_calls(tables: Tables) -> Iterator[list[str]]:
    """Each request as `Operation Table`; of a transaction also its items' own actions, as IAM counts them."""
    calls: list[str] = []

    def record(model: Any, params: dict[str, Any], **_: Any) -> None:
        for action, request in _actions(model.name, json.loads(params["body"])):
            index = f"/{request['IndexName']}" if "IndexName" in request else ""
            calls.append(f"{action} {request['TableName']}{index}")

    events = tables.connection.client.meta.events
    events.register("before-call.dynamodb", record)
    try:
        yield calls
    finally:
        events.unregister("before-call.dynamodb", record)


@contextmanager
def lost_answer(tables: Tables, operation: str, *, known_token: bool = True, skipped: int = 0) -> Iterator[list[str]]:
    """The first request of that operation is carried out, and the connection breaks before its answer comes.

    With `skipped`, so many requests are answered before that one.

    Without `known_token` the database does not take the repetition for one: it has not seen its client token.
    """
    client = tables.connection.client
    event = f"before-send.dynamodb.{operation}"
    lost: list[str] = []
    lock, requests = Lock(), count()

    def lose(request: Any, **_: Any) -> None:
        with lock:
            if next(requests) != skipped:
                return
            lost.append(operation)
        if not known_token:
            request = copy(request)
            request.body = json.dumps(json.loads(request.body) | {"ClientRequestToken": new_id()}).encode()
            request.headers["Content-Length"] = str(len(request.body))
        client._endpoint.http_session.send(request)
        raise ConnectionClosedError(endpoint_url=request.url)

    client.meta.events.register(event, lose)
    try:
        yield lost
    finally:
        client.meta.events.unregister(event, lose)


@contextmanager
def failures(
    tables: Tables, operation: str, status: int, code: str, *, after: list[str] | None = None
) -> Iterator[list[str]]:
    """Every request of that operation is answered with an error, and not carried out.

    With `after`, what `lost_answer` gives, only those after the one whose answer got lost.
    """
    events = tables.connection.client.meta.events
    event = f"before-send.dynamodb.{operation}"
    met: list[str] = []

    def fail(request: Any, **_: Any) -> AWSResponse | None:
        if after is not None and not after:
            return None
        met.append(operation)
        content = json.dumps({"__type": code, "message": "Not now."}).encode()
        return AWSResponse(request.url, status, _HEADERS, _Body(content))

    events.register(event, fail)
    try:
        yield met
    finally:
        events.unregister(event, fail)


@contextmanager
def conflicts(tables: Tables, operation: str, times: int) -> Iterator[list[str]]:
    """The next requests of that operation fail with a transaction conflict on one of their items."""
    events = tables.connection.client.meta.events
    event = f"before-send.dynamodb.{operation}"
    met: list[str] = []

    def refuse(request: Any, **_: Any) -> AWSResponse | None:
        if len(met) == times:
            return None
        met.append(operation)
        if operation == "TransactWriteItems":
            items = json.loads(request.body)["TransactItems"]
            reasons = [{"Code": "TransactionConflict"}, *[{"Code": "None"}] * (len(items) - 1)]
            error: dict[str, Any] = {"__type": "TransactionCanceledException", "CancellationReasons": reasons}
        else:
            error = {"__type": "TransactionConflictException"}
        return AWSResponse(request.url, 400, _HEADERS, _Body(json.dumps(error | {"Message": "Conflict"}).encode()))

    events.register(event, refuse)
    try:
        yield met
    finally:
        events.unregister(event, refuse)


class _Body:
    """What botocore reads a response's body from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


def _actions(operation: str, body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if operation == "TransactWriteItems":
        for item in body["TransactItems"]:
            for kind, request in item.items():
                yield f"{kind}Item", request
    elif operation.startswith("Batch"):
        for table in body["RequestItems"]:
            yield operation, {"TableName": table}
    else:
        yield operation, body
