"""The documents' JavaScript, word for word, in a browser: with one origin, and with a host for each function."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page

from documents import blocks, section
from fakes.page.routes import STREAM, Answer, Answers, no_connection, refusal, status, stream

SNIPPET = blocks(section("README.md", "In a frontend"), "js")[0]
PROMPT = "[demo:tokens=20 rate=100] readme"
_RUN = """([snippet, jwt, prompt]) => {
  let text = "";
  const show = (content) => { text += content; };
  const closed = async (source, rest) => {
    while (source.readyState !== EventSource.CLOSED) await new Promise((again) => setTimeout(again, 20));
    return { text, ...(await rest()) };
  };
  const run = new Function("jwt", "prompt", "chatId", "show", "closed", `return (async () => {${snippet}})()`);
  return run(jwt, prompt, "readme", show, closed);
}"""
"""The snippet with the names that it takes for granted; `closed` waits for its stream's end."""
_BEGIN = """([snippet, jwt, prompt]) => {
  window.ends = [];
  window.text = "";
  const show = (content) => { window.text += content; };
  const ended = (event) => window.ends.push(event);
  return new Function("jwt", "prompt", "chatId", "show", "ended", `return (async () => {${snippet}})()`)(
    jwt, prompt, "readme", show, ended);
}"""


def token(address: str, user: str) -> str:
    with urlopen(f"{address}/local/token?{urlencode({'user': user, 'tier': 'PRO'})}") as response:
        return str(response.read().decode())


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of one's own: what the stack's policy allows its own page does not bind it."""
    context = browser.new_context(bypass_csp=True)
    yield context.new_page()
    context.close()


@dataclass(frozen=True)
class Reading:
    """What the README's client shows of one answer, and how that ends."""

    text: str
    ends: list[dict[str, Any]]


def read_on_one_origin(page: Page, address: str, user: str, prompt: str = PROMPT) -> Reading:
    """Runs the client until it says that the answer has ended, and for a minute after that."""
    page.clock.install()
    page.goto(f"{address}/icon.svg")
    page.evaluate(_BEGIN, [SNIPPET, token(address, user), prompt])
    page.wait_for_function("window.ends.length > 0")
    page.clock.fast_forward(60_000)
    return Reading(page.evaluate("window.text"), page.evaluate("window.ends"))


def test_answer_is_shown_on_one_origin(page: Page, address: str, user: str) -> None:
    reading = read_on_one_origin(page, address, user)

    assert reading.text
    assert [end["type"] for end in reading.ends] == ["done"]


@pytest.mark.parametrize(
    "answer",
    [
        status(429),
        status(502),
        status(200),
        no_connection,
        stream("retry: 10\n\n"),
        refusal("too_many_streams", retryable=True, retryAfterSeconds=1),
        refusal("storage_unavailable", retryable=True),
    ],
    ids=["throttled", "gateway", "no stream", "no connection", "cut", "told when", "not told when"],
)
def test_an_attempt_that_fails_is_made_again(page: Page, address: str, user: str, answer: Answer) -> None:
    faked = Answers(page, STREAM, [answer])

    reading = read_on_one_origin(page, address, user)

    assert reading.text
    assert [end["type"] for end in reading.ends] == ["done"]
    assert len(faked.requests) == 2


def test_next_attempt_resumes_at_the_end_of_the_text(page: Page, address: str, user: str) -> None:
    """Cut off in the middle, refused, throttled; in what comes are lines without data."""
    begun = ": ping\n\nretry: 10\n\ndata:\n\n" + "".join(
        f'data: {{"type":{json.dumps(kind)},"content":"{text}"}}\nid: {event_id}\n\n'
        for kind, text, event_id in (("typing", "", 1), ("token", "ab", 3), ("token", "c", 4), ("later", "x", 4))
    )
    ended = 'data: {"type":"token","content":"d"}\nid: 5\n\ndata: {"type":"done","messageId":"m"}\nid: 6\n\n'
    answers = [
        stream(begun),
        refusal("deadline_exceeded", retryable=True, retryAfterSeconds=0),
        status(429),
        stream(ended),
    ]
    faked = Answers(page, STREAM, answers)

    reading = read_on_one_origin(page, address, user)

    assert reading.text == "abcd"
    assert [end["type"] for end in reading.ends] == ["done"]
    assert [query["lastEventId"] for query in faked.queries[2:]] == [["4"], ["4"]]


def test_a_generation_that_failed_has_ended(page: Page, address: str, user: str) -> None:
    """Also if it says when another one may be asked for."""
    failed = {
        "type": "error",
        "code": "provider_rate_limited",
        "message": "No.",
        "retryable": True,
        "retryAfterSeconds": 1,
    }
    faked = Answers(page, STREAM, [stream(f"data: {json.dumps(failed)}\nid: 1000002\n\n")])

    reading = read_on_one_origin(page, address, user)

    assert reading.ends == [failed]
    assert len(faked.requests) == 1


def test_a_refusal_that_stands_has_ended(page: Page, address: str, user: str) -> None:
    faked = Answers(page, STREAM, [refusal("session_not_found")])

    reading = read_on_one_origin(page, address, user)

    assert [end["code"] for end in reading.ends] == ["session_not_found"]
    assert len(faked.requests) == 1


def test_it_ends_when_the_session_can_live_no_longer(page: Page, address: str, user: str) -> None:
    page.clock.install()
    Answers(page, STREAM, [status(502)] * 100)
    page.goto(f"{address}/icon.svg")
    page.evaluate(_BEGIN, [SNIPPET, token(address, user), PROMPT])
    page.clock.fast_forward("30:00")
    assert page.evaluate("window.ends") == []
    for _ in range(4):
        page.clock.fast_forward("02:00")
    page.wait_for_function("window.ends.length > 0")
    assert [end["code"] for end in page.evaluate("window.ends")] == ["session_expired"]


def test_answer_is_shown_and_found_again_with_a_host_for_each_function(page: Page, address: str, user: str) -> None:
    """Browsers look up every name below `localhost` as this machine, and take each for another host."""
    port = urlsplit(address).port
    code = blocks(section("docs/deploy.md", "For the frontend"), "js")[0]
    for name, output in (("start", "StartUrl"), ("stream", "StreamUrl"), ("history", "HistoryUrl")):
        assert f"<{output}>" in code
        code = code.replace(f"<{output}>", f"http://{name}.localhost:{port}/")
    asking, found, reading = code.partition("const page = ")
    assert found
    later = f"return closed(source, async () => {{ {found}{reading}; return {{ messages }}; }});"
    page.goto(f"http://page.localhost:{port}/icon.svg")

    result = page.evaluate(_RUN, [asking + later, token(address, user), PROMPT])

    assert [message["role"] for message in result["messages"]] == ["user", "assistant"]
    assert result["messages"][1]["content"] == result["text"] != ""
