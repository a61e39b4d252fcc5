"""The README's JavaScript, word for word, in a browser: with one origin, and with a host for each function."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page

README = Path(__file__).parents[3] / "README.md"
PROMPT = "[demo:tokens=20 rate=100] readme"
_SNIPPET = re.compile(r"```js\n(.*?)```", re.DOTALL)
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


def snippet(section: str) -> str:
    text = README.read_text(encoding="utf-8")
    found = _SNIPPET.search(text, text.index(section))
    assert found is not None
    return found[1]


def token(address: str, user: str) -> str:
    with urlopen(f"{address}/local/token?{urlencode({'user': user, 'tier': 'PRO'})}") as response:
        return str(response.read().decode())


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of one's own: what the stack's policy allows its own page does not bind it."""
    context = browser.new_context(bypass_csp=True)
    yield context.new_page()
    context.close()


def test_answer_is_shown_on_one_origin(page: Page, address: str, user: str) -> None:
    page.goto(f"{address}/icon.svg")
    code = snippet("## In a frontend") + "\nreturn closed(source, async () => ({}));"

    result = page.evaluate(_RUN, [code, token(address, user), PROMPT])

    assert result["text"]


def test_answer_is_shown_and_found_again_with_a_host_for_each_function(page: Page, address: str, user: str) -> None:
    """Browsers look up every name below `localhost` as this machine, and take each for another host."""
    port = urlsplit(address).port
    code = snippet("### For the frontend")
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
