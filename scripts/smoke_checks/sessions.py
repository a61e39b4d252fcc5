"""What one session goes through: cut connections, a stop, HEAD, nothing left, a second user of the same answer."""

from itertools import islice

from smoke_checks.events import Event, text_of
from smoke_checks.report import LeftOutError, expect
from smoke_checks.service import HTTP_OK, NO_CONTENT, told
from smoke_checks.talking import Talk, check_whole

CUT_AFTER = 6
"""Events, the opening one among them, after which a connection is cut."""

STOP_WITHIN_SECONDS = 5.0
METHOD_NOT_ALLOWED = 405


def resume(talk: Talk) -> str:
    """Cuts a stream twice and comes back: with the header as a browser does, and with the query as a page does."""
    service = talk.service
    talk.ended()
    session = service.start(talk.prompt(40), cache=False)
    events: list[Event] = []
    with service.stream(session.session_id) as stream:
        events += islice(stream.events, CUT_AFTER)
    with service.stream(session.session_id, last_event_id=events[-1].id) as stream:
        events += islice(stream.events, CUT_AFTER)
    cut_at = [events[CUT_AFTER - 1].id, events[-1].id]
    if events[-1].type == "token":
        with service.stream(session.session_id, last_event_id=events[-1].id, in_query=True) as stream:
            events += stream.events
    talk.note(events)
    check_whole(events)
    stored = service.answer_of(session.chat_id)["content"]
    expect(text_of(events) == stored, "the pieces do not add up to the stored answer")
    return f"cut at the ids {cut_at[0]} and {cut_at[1]}; every event came once, and they add up to the stored answer"


def nothing_left(talk: Talk) -> str:
    """A client that has seen everything is told to stop coming back."""
    last = talk.ended()[-1].id
    url = talk.service.stream_url(sessionId=talk.begun().session_id, lastEventId=str(last))
    answer = talk.service.get(url, talk.service.bearer() | {"accept": "text/event-stream"})
    expect(answer.status == NO_CONTENT, f"{told(answer)} in place of 204")
    expect(not answer.body, "204 has a body")
    return "204: nothing is left to replay"


def stop(talk: Talk) -> str:
    """Stops a long answer; before that HEAD must not have begun it."""
    service = talk.service
    talk.ended()
    session = service.start(talk.prompt(400), cache=False)
    head = service.wire.ask("HEAD", service.stream_url(sessionId=session.session_id), service.bearer())
    expect(head.status in {HTTP_OK, METHOD_NOT_ALLOWED} and not head.body, f"HEAD: {told(head)}")
    with service.stream(session.session_id) as stream:
        events = list(islice(stream.events, CUT_AFTER))
        answer = service.post("/chat/stop", {"sessionId": session.session_id}, service.bearer())
        asked_at = events[-1].at
        events += stream.events
    talk.note(events)
    expect(answer.status == HTTP_OK, f"/chat/stop: {told(answer)}")
    check_whole(events)
    reason, seconds = events[-1].data["finishReason"], events[-1].at - asked_at
    expect(reason == "stopped", f"the answer went on to its end: finishReason {reason}")
    expect(seconds < STOP_WITHIN_SECONDS, f"it took {seconds:.1f} s")
    stored = service.answer_of(session.chat_id)
    expect(stored["status"] == "stopped", f"the answer's status is {stored['status']}")
    expect(stored["content"] == text_of(events), "what is stored is not what was shown")
    return f"after {seconds * 1000:.0f} ms; what had been shown is stored"


def head(talk: Talk) -> str:
    """HEAD ends at once and without a body, on the function that streams and on one that does not."""
    service = talk.service
    urls = {
        "stream": service.stream_url(sessionId=talk.begun().session_id),
        "history": service.history_url(chatId=talk.begun().chat_id),
    }
    seen = []
    for name, url in urls.items():
        answer = service.wire.ask("HEAD", url, service.bearer())
        expect(answer.status in {HTTP_OK, METHOD_NOT_ALLOWED}, f"{name}: {told(answer)}")
        expect(not answer.body, f"{name}: HEAD has a body")
        if answer.status == METHOD_NOT_ALLOWED:
            expect("GET" in answer.headers.get("allow", ""), f"{name}: 405 without Allow: GET")
        seen.append(f"{name} {answer.status} after {answer.seconds * 1000:.0f} ms")
    return f"{', '.join(seen)}; no body"


def kept_answer(talk: Talk, *, expected: bool) -> str:
    """The first question again: Redis has its answer."""
    if not expected:
        raise LeftOutError("not tried: whether there is a Redis is not known (--expect-cache)")
    first = talk.ended()
    session = talk.service.start(talk.begun().prompt)
    with talk.service.stream(session.session_id) as stream:
        events = list(stream.events)
    talk.note(events)
    check_whole(events)
    expect(events[-1].data["cached"], "the provider was asked again: Redis did not have the answer")
    talk.service.answers -= 1
    expect(text_of(events) == text_of(first), "the kept answer is another one")
    return f"from Redis, whole after {events[-1].at * 1000:.0f} ms; saved ${events[-1].data['savedUsd']:.5f}"
