"""Checks of authentication and authorization."""

import base64
import json

from smoke_checks.conversation import SmokeConversation
from smoke_checks.events import read_events
from smoke_checks.http_client import CompleteResponse, TimedChunk
from smoke_checks.report import SkippedError, expect
from smoke_checks.service import EVENT_STREAM, HTTP_OK, ChatService, describe

UNAUTHORIZED, NOT_FOUND = 401, 404
CHALLENGES = ("www-authenticate", "x-amzn-remapped-www-authenticate")
"""Lambda's Function URLs may rename the first header to the second."""


def no_token(conversation: SmokeConversation) -> str:
    """Every path rejects a request without a token and reveals nothing else."""
    service = conversation.service
    session = conversation.started_session().session_id
    answers = _everywhere(service, session, conversation.started_session().chat_id, {})
    for path, answer in answers.items():
        _expect_401(path, answer)
        expect(any(name in answer.headers for name in CHALLENGES), f"{path}: 401 without WWW-Authenticate")
    stream_answer = service.get(service.stream_url(sessionId=session), {"accept": EVENT_STREAM})
    events = list(read_events([TimedChunk(0, stream_answer.body)]))
    expect(
        stream_answer.status == HTTP_OK and [event.data.get("code") for event in events] == ["token_missing"],
        f"an EventSource without a token: {describe(stream_answer)}, expected one error event",
    )
    return f"401 on {len(answers)} paths; an EventSource gets one error event"


def wrong_token(conversation: SmokeConversation) -> str:
    """Forged tokens: not a JWT, a JWT with alg none, and the user's own with another subject."""
    service = conversation.service
    forged = {"no JWT": "x", **_forged(service.token)}
    for what, token in forged.items():
        headers = service.bearer(token)
        for path, answer in _everywhere(
            service, conversation.started_session().session_id, conversation.started_session().chat_id, headers
        ).items():
            _expect_401(f"{what}, {path}", answer)
    return f"401 for {', '.join(forged)}"


def foreign_session(conversation: SmokeConversation, other_token: str | None) -> str:
    """Another user's sessions and chats get 404."""
    if other_token is None:
        raise SkippedError("not tried: needs a second user's token (--other-token)")
    service = conversation.service
    session = conversation.started_session().session_id
    answers = _everywhere(service, session, conversation.started_session().chat_id, service.bearer(other_token))
    for path in ("/chat/stream", "/chat/stop", "/chat/history"):
        expect(answers[path].status == NOT_FOUND, f"{path} for another user: {describe(answers[path])} (expected 404)")
    return "404 for another user's stream, stop and history"


def stream_token(conversation: SmokeConversation) -> str:
    """A stream token opens its own stream and nothing else."""
    service = conversation.service
    session = conversation.started_session()
    own = service.get(service.stream_url(sessionId=session.session_id, streamToken=session.stream_token), {})
    expect(own.status == HTTP_OK, f"it does not open its own stream: {describe(own)}")
    other = session.session_id[:-1] + ("1" if session.session_id.endswith("0") else "0")
    foreign = service.stream_url(sessionId=other, streamToken=session.stream_token)
    _expect_401("another session's stream", service.get(foreign, {}))
    _expect_401("as a bearer token", service.get(service.history_url(), service.bearer(session.stream_token)))
    return "opens its own stream; 401 for another one, and as a bearer token"


def nothing_else(conversation: SmokeConversation) -> str:
    """Only the API's paths exist: no documentation page, no other function's path, no Invoke."""
    service = conversation.service
    paths = ["/docs", "/openapi.json", "/chat", "/2015-03-31/functions/function/invocations"]
    for base in dict.fromkeys([service.urls.start, service.urls.stream, service.urls.history]):
        for path in paths:
            answer = service.http.request("POST" if "invocations" in path else "GET", base + path, service.bearer())
            expect(answer.status == NOT_FOUND, f"{path}: {describe(answer)} (expected 404)")
    return f"404 for {', '.join(paths)}"


def _everywhere(
    service: ChatService, session_id: str, chat_id: str, headers: dict[str, str]
) -> dict[str, CompleteResponse]:
    plain = {**headers, "accept": "application/json"}
    return {
        "/chat/start": service.post("/chat/start", {}, headers),
        "/chat/stop": service.post("/chat/stop", {"sessionId": session_id}, headers),
        "/chat/stream": service.get(service.stream_url(sessionId=session_id), plain),
        "/chat/history": service.get(service.history_url(chatId=chat_id), headers),
        "/chat/models": service.get(f"{service.urls.history}/chat/models", headers),
    }


def _expect_401(what: str, answer: CompleteResponse) -> None:
    expect(answer.status == UNAUTHORIZED, f"{what}: {describe(answer)} (expected 401)")


def _forged(token: str) -> dict[str, str]:
    """Forged variants of a JWT; none if the user's token is not a JWT."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  # a JWT has three parts
        return {}
    header, claims, signature = parts
    unsigned = _encode({"alg": "none", "typ": "JWT"})
    other = _encode({**json.loads(base64.urlsafe_b64decode(claims + "==")), "sub": "somebody-else"})
    return {"alg none": f"{unsigned}.{claims}.", "another name": f"{header}.{other}.{signature}"}


def _encode(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
