"""Checks of a session: reconnects, stop, HEAD, 204 when nothing is left, and a cached answer."""

from itertools import islice

from smoke_checks.conversation import SmokeConversation, check_whole
from smoke_checks.events import Event, text_of
from smoke_checks.report import SkippedError, expect
from smoke_checks.service import HTTP_OK, NO_CONTENT, describe

CUT_AFTER = 6
"""Events, including the opening one, after which a connection is cut."""

STOP_WITHIN_SECONDS = 5.0
METHOD_NOT_ALLOWED = 405


def resume(conversation: SmokeConversation) -> str:
    """Cuts a stream twice and reconnects: with the header as a browser does, then with the query as a page does."""
    service = conversation.service
    conversation.completed_events()
    session = service.start(conversation.prompt(40), cache=False)
    events: list[Event] = []
    with service.stream(session.session_id) as stream:
        events += islice(stream.events, CUT_AFTER)
    with service.stream(session.session_id, last_event_id=events[-1].id) as stream:
        events += islice(stream.events, CUT_AFTER)
    cut_at = [events[CUT_AFTER - 1].id, events[-1].id]
    if events[-1].type == "token":
        with service.stream(session.session_id, last_event_id=events[-1].id, in_query=True) as stream:
            events += stream.events
    conversation.add_usage(events)
    check_whole(events)
    stored = service.answer_of(session.chat_id)["content"]
    expect(text_of(events) == stored, "the concatenated events differ from the stored answer")
    return f"cut at the ids {cut_at[0]} and {cut_at[1]}; every event arrived once, as in the stored answer"


def nothing_left(conversation: SmokeConversation) -> str:
    """A client that has received everything gets 204, which stops its reconnects."""
    last = conversation.completed_events()[-1].id
    url = conversation.service.stream_url(sessionId=conversation.started_session().session_id, lastEventId=str(last))
    answer = conversation.service.get(url, conversation.service.bearer() | {"accept": "text/event-stream"})
    expect(answer.status == NO_CONTENT, f"{describe(answer)} (expected 204)")
    expect(not answer.body, "204 has a body")
    return "204: nothing is left to replay"


def stop(conversation: SmokeConversation) -> str:
    """Stops a long answer; an earlier HEAD must not have started it."""
    service = conversation.service
    conversation.completed_events()
    session = service.start(conversation.prompt(400), cache=False)
    head = service.http.request("HEAD", service.stream_url(sessionId=session.session_id), service.bearer())
    expect(head.status in {HTTP_OK, METHOD_NOT_ALLOWED} and not head.body, f"HEAD: {describe(head)}")
    with service.stream(session.session_id) as stream:
        events = list(islice(stream.events, CUT_AFTER))
        answer = service.post("/chat/stop", {"sessionId": session.session_id}, service.bearer())
        stopped_at = events[-1].at
        events += stream.events
    conversation.add_usage(events)
    expect(answer.status == HTTP_OK, f"/chat/stop: {describe(answer)}")
    check_whole(events)
    reason, seconds = events[-1].data["finishReason"], events[-1].at - stopped_at
    expect(reason == "stopped", f"the answer was not stopped: finishReason {reason}")
    expect(seconds < STOP_WITHIN_SECONDS, f"the stop took {seconds:.1f} s")
    stored = service.answer_of(session.chat_id)
    expect(stored["status"] == "stopped", f"the answer's status is {stored['status']}")
    expect(stored["content"] == text_of(events), "the stored answer is not what was streamed")
    return f"after {seconds * 1000:.0f} ms; the streamed text is stored"


def head(conversation: SmokeConversation) -> str:
    """HEAD returns immediately and without a body, on the streaming function and on a buffered one."""
    service = conversation.service
    urls = {
        "stream": service.stream_url(sessionId=conversation.started_session().session_id),
        "history": service.history_url(chatId=conversation.started_session().chat_id),
    }
    seen = []
    for name, url in urls.items():
        answer = service.http.request("HEAD", url, service.bearer())
        expect(answer.status in {HTTP_OK, METHOD_NOT_ALLOWED}, f"{name}: {describe(answer)}")
        expect(not answer.body, f"{name}: HEAD has a body")
        if answer.status == METHOD_NOT_ALLOWED:
            expect("GET" in answer.headers.get("allow", ""), f"{name}: 405 without Allow: GET")
        seen.append(f"{name} {answer.status} after {answer.seconds * 1000:.0f} ms")
    return f"{', '.join(seen)}; no body"


def kept_answer(conversation: SmokeConversation, *, expected: bool) -> str:
    """Repeats the first question; the answer must come from Redis."""
    if not expected:
        raise SkippedError("not tried: it is not known whether the service has a Redis (--expect-cache)")
    first = conversation.completed_events()
    session = conversation.service.start(conversation.started_session().prompt)
    with conversation.service.stream(session.session_id) as stream:
        events = list(stream.events)
    conversation.add_usage(events)
    check_whole(events)
    expect(events[-1].data["cached"], "the provider was called again: Redis did not have the answer")
    conversation.service.answers -= 1
    expect(text_of(events) == text_of(first), "the cached answer differs from the first one")
    return f"from Redis, complete after {events[-1].at * 1000:.0f} ms; saved ${events[-1].data['savedUsd']:.5f}"
