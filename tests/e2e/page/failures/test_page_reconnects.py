"""A connection that is gone, or cannot be had, is made again by the page itself, and it says what is so."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route, expect

from fakes.network.tcp_proxy import tcp_proxy
from fakes.page.chat_page import ChatPage
from fakes.page.routes import STREAM, Answer, Answers, no_connection, problem, prompts_are, refusal, status, stream

QUICK = "[demo:rate=400]"
SLOW = "What is artificial intelligence? [demo:rate=40]"
FROZEN = "2035-01-01T00:00:00Z"
_SEEN_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"
_ONLINE = "dispatchEvent(new Event('online'))"

NO_STREAM: dict[str, tuple[Answer, str]] = {
    "throttled": (status(429), "The service is overloaded at the moment."),
    "bad gateway": (status(502), "The service is not available at the moment."),
    "unavailable": (status(503), "The service is not available at the moment."),
    "another type": (
        status(200, body="<p>Sign in to the Wi-Fi"),
        "The response did not come from the service.",
    ),
    "no connection": (no_connection, "The service cannot be reached."),
    "cut at once": (stream("retry: 300\n\n"), "The connection dropped."),
}


_RECORD = """() => {
  window.told = [];
  new MutationObserver(() => told.push(document.querySelector('.answer-status')?.innerText ?? ''))
    .observe(document.querySelector('#thread'), {childList: true, subtree: true, characterData: true});
}"""


def _told(chat: ChatPage) -> str:
    """All that was said of the state of an answer since `_RECORD`, however short."""
    return "\n".join(chat.page.evaluate("told"))


def _still_clock(chat: ChatPage) -> None:
    """Nothing happens by time alone any more."""
    chat.page.clock.install()
    chat.open()
    chat.page.clock.pause_at(FROZEN)


def _fails_to_connect(chat: ChatPage, answers: list[Answer]) -> Answers:
    """Sends a prompt whose stream fails to open, and returns during the wait for the next attempt."""
    chat.watch.refusals_expected = True
    faked = Answers(chat.page, STREAM, answers)
    chat.send(f"Hello {QUICK}")
    expect(chat.answers).to_have_attribute("data-phase", "retrying")
    return faked


@pytest.mark.parametrize("answer", NO_STREAM.values(), ids=NO_STREAM)
def test_a_stream_that_cannot_be_had_is_asked_for_again(chat: ChatPage, answer: tuple[Answer, str]) -> None:
    chat.page.evaluate(_RECORD)
    chat.watch.refusals_expected = True
    faked = Answers(chat.page, STREAM, [answer[0], answer[0]])
    chat.ask(f"Hello {QUICK}")
    told = _told(chat)
    assert answer[1] in told
    assert "kept" not in told
    assert len(faked.requests) == 3
    expect(chat.prompts).to_have_count(1)
    expect(chat.answers).to_have_count(1)


def test_a_dropped_connection_is_made_again_where_it_was(open_page: Callable[..., ChatPage], address: str) -> None:
    """Through a proxy that cuts it; the next attempt is refused by a gateway."""
    server = urlsplit(address)
    with tcp_proxy(server.hostname or "", server.port or 0) as proxy:
        chat = open_page(through=f"http://127.0.0.1:{proxy.port}")
        chat.watch.refusals_expected = True
        chat.send(SLOW)
        shown = chat.growing(0, more_than=40)
        faked = Answers(chat.page, STREAM, [status(502)])
        chat.page.evaluate(_RECORD)
        assert proxy.cut() > 0
        complete = chat.finished(0)
        assert "The connection dropped. Reconnecting in" in _told(chat)
        assert "The service is not available at the moment. Trying again in" in _told(chat)
        assert complete.startswith(shown[:30])
        assert all(int(query["lastEventId"][0]) > 40 for query in faked.queries)
        assert len(faked.queries) == 2
        chat.reload()
        assert chat.finished(0) == complete
        expect(chat.answers).to_have_count(1)


def test_retry_after_is_kept_to_and_counted_down(chat: ChatPage) -> None:
    times: list[float] = []
    chat.page.on("request", lambda request: times.append(time.monotonic()) if "/chat/stream?" in request.url else None)
    chat.page.evaluate(_RECORD)
    _fails_to_connect(chat, [status(429, headers={"retry-after": "4"})])
    chat.finished(0)
    assert "Trying again in 4 s" in _told(chat)
    assert any(f"Trying again in {left} s" in _told(chat) for left in (3, 2, 1))
    assert times[1] - times[0] >= 3.9


def test_a_wait_can_be_cut_short_by_hand(chat: ChatPage) -> None:
    _fails_to_connect(chat, [status(503, headers={"retry-after": "600"})])
    expect(chat.answers).to_contain_text("Trying again in 10 minutes")
    chat.button("Try now").click()
    assert chat.finished(0)


@pytest.mark.parametrize("event", [_SEEN_AGAIN, _ONLINE])
def test_it_connects_at_once_when_the_page_is_seen_or_the_connection_is_back(chat: ChatPage, event: str) -> None:
    _still_clock(chat)
    faked = _fails_to_connect(chat, [status(502)])
    assert len(faked.requests) == 1
    chat.page.evaluate(event)
    chat.page.clock.resume()
    chat.finished(0)
    assert len(faked.requests) == 2


def test_neither_cuts_short_a_wait_that_the_service_asks_for(chat: ChatPage) -> None:
    _still_clock(chat)
    faked = _fails_to_connect(chat, [status(429, headers={"retry-after": "20"})])
    chat.page.evaluate(_SEEN_AGAIN)
    chat.page.evaluate(_ONLINE)
    chat.page.clock.run_for(19_000)
    expect(chat.answers).to_contain_text("Trying again in 1 s")
    assert len(faked.requests) == 1
    chat.page.clock.resume()
    chat.finished(0)


def test_waits_grow_and_are_bounded_and_left_to_chance(chat: ChatPage) -> None:
    waits = chat.page.evaluate(
        """async () => {
          const {backoff} = await import('/js/service/backoff.js');
          const limits = {firstMs: 1000, longestMs: 30000};
          const at = (random) => [0, 1, 2, 3, 4, 5, 60].map((failures) => backoff(failures, {...limits, random}));
          return [at(() => 0), at(() => 1)];
        }"""
    )
    assert waits == [
        [500, 1000, 2000, 4000, 8000, 15000, 15000],
        [1000, 2000, 4000, 8000, 16000, 30000, 30000],
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("7", 7000), ("Thu, 01 Jan 1970 00:01:40 GMT", 90_000), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("soon", None)],
)
def test_retry_after_is_seconds_or_a_date(chat: ChatPage, value: str, expected: int | None) -> None:
    code = "async (value) => (await import('/js/service/backoff.js')).retryAfterMs(value, 10000)"
    assert chat.page.evaluate(code, value) == expected


def test_a_connection_without_a_sign_of_life_is_given_up(chat: ChatPage) -> None:
    """The service writes something every 15 s."""
    hanging: list[Route] = []
    chat.page.clock.install()
    chat.open()
    Answers(chat.page, STREAM, [hanging.append])
    with chat.page.expect_request(STREAM):
        chat.send(f"Hello {QUICK}")
    chat.page.evaluate(_RECORD)
    chat.page.clock.fast_forward(46_000)
    assert chat.finished(0)
    assert "The connection dropped." in _told(chat)
    hanging[0].abort()


def test_it_is_given_up_when_the_session_can_live_no_longer(chat: ChatPage) -> None:
    chat.page.clock.install()
    chat.open()
    prompts_are(chat.page, "failed", "session_expired", retryable=True)
    faked = _fails_to_connect(chat, [status(502)] * 20)
    chat.page.clock.fast_forward("30:00")
    expect(chat.answers).to_have_attribute("data-phase", "retrying")
    chat.page.clock.fast_forward("05:30")
    note = chat.answers.locator(".note.failed")
    expect(note).to_have_text("This message was not answered in time.")
    expect(chat.button("Try again")).to_be_visible()
    asked = len(faked.requests)
    chat.page.clock.fast_forward("05:00")
    expect(note).to_have_count(1)
    assert len(faked.requests) == asked


def test_unknown_events_are_ignored(chat: ChatPage) -> None:
    """Empty data, what is no JSON, JSON that is no event, and events of a later version."""
    body = (
        ": ping\n\nretry: 100\n\ndata:\n\ndata\n\ndata: {half\n\ndata: null\n\ndata: 7\n\nid: 1\n\n"
        'data: {"type":"typing"}\nid: 1\n\ndata: {"type":"later","content":"x"}\nid: 1\n\n'
        'data: {"type":"token","content":"Word"}\nid: 5\n\n: ping\n'
        'data: {"type":"done","messageId":null,"finishReason":"stopped","cached":false,"usage":null}\nid: 6\n\n'
        'data: {"type":"error","code":"internal_error","message":"No.","retryable":true}\nid: 7\n\n'
    )
    faked = Answers(chat.page, STREAM, [stream(body)])
    assert chat.ask("Hello") == "Word"
    expect(chat.answers.locator(".note")).to_have_text("You stopped this answer.")
    assert len(faked.requests) == 1


def test_events_are_the_same_wherever_the_stream_is_cut_into_pieces(chat: ChatPage) -> None:
    text = (
        "\ufeffretry: 250\r\n: ping\ndata: one\nid: 1\n\nid:2\rdata:two\rdata: lines\r\r\n"
        'event: other\ndata: {"a":"b: c"}\n\ndata:\n\nid: 9\n\nid: \x00\ndata: four 🙂\n\ndata: never whole\nid: 99\n'
    )
    result = chat.page.evaluate(
        """async (text) => {
          const {EventParser} = await import('/js/sse/parser.js');
          const bytes = new TextEncoder().encode(text);
          const read = (...cuts) => {
            const parser = new EventParser();
            const decoder = new TextDecoder();
            const ends = [...cuts, bytes.length];
            const events = ends.flatMap((end, at) =>
              parser.feed(decoder.decode(bytes.slice(ends[at - 1] ?? 0, end), {stream: true})));
            return JSON.stringify([events, parser.retryMs]);
          };
          const results = new Set();
          for (let one = 0; one <= bytes.length; one += 1)
            for (let other = one; other <= bytes.length; other += 1) results.add(read(one, other));
          return [...results].map(JSON.parse);
        }""",
        text,
    )
    assert result == [
        [
            [
                {"data": "one", "lastEventId": "1"},
                {"data": "two\nlines", "lastEventId": "2"},
                {"data": '{"a":"b: c"}', "lastEventId": "2"},
                {"data": "four 🙂", "lastEventId": "9"},
            ],
            250,
        ]
    ]


@pytest.mark.parametrize(
    "answer",
    [
        refusal("storage_unavailable", retryable=True, retryAfterSeconds=0),
        problem(503, "storage_unavailable", headers={"retry-after": "0"}),
        stream("retry: 0\n\n"),
    ],
    ids=["event", "header", "stream"],
)
def test_waits_of_zero_make_no_loop(chat: ChatPage, answer: Answer) -> None:
    chat.watch.refusals_expected = True
    faked = Answers(chat.page, STREAM, [answer] * 1000)
    chat.send("Hello [demo:rate=400]")
    expect(chat.answers).to_have_attribute("data-phase", "retrying")
    chat.page.wait_for_timeout(3000)
    assert 2 <= len(faked.requests) <= 8
    faked.answers.clear()
    assert chat.finished(0)
