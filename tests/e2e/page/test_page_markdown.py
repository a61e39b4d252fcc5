"""Answers are Markdown, drawn safely and piece by piece; and the text they are drawn from is put together right."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from fakes.page.chat_page import ChatPage, PageWatch

QUICK = "[demo:rate=400]"

_DRAW = """async ({text, steps}) => {
  const {MarkdownView} = await import('/js/markdown/markdown_view.js');
  const root = document.createElement('div');
  const view = new MarkdownView(root);
  const characters = [...text];
  for (const end of steps) view.update(characters.slice(0, end).join(''), {complete: false});
  const growing = root.innerHTML;
  view.update(text, {complete: true});
  return [growing, root.innerHTML];
}"""

_APPEND = """async ({kept, events, end}) => {
  const {AnswerText} = await import('/js/sse/answer_text.js');
  const answer = new AnswerText(kept);
  for (const [id, content] of events) answer.append(id, content);
  if (end) answer.end(end);
  return {text: answer.text, lastEventId: answer.lastEventId, incomplete: answer.incomplete};
}"""

NASTY = (
    "<img src=x onerror=window.harm=1>",
    "<svg onload=window.harm=1></svg>",
    "<script>window.harm=1</script>",
    "<iframe srcdoc='<script>parent.harm=1</script>'></iframe>",
    "<a href='javascript:window.harm=1'>a</a>",
    "[click](javascript:window.harm=1)",
    "[click](  JaVaScRiPt:window.harm=1 )",
    "[click](data:text/html,<script>window.harm=1</script>)",
    "![picture](https://elsewhere.example/pixel.png)",
    "![x](x' onerror='window.harm=1)",
    "<style>*{display:none}</style>",
    "<form action=https://elsewhere.example><button>x</button></form>",
    "<details open ontoggle=window.harm=1>x</details>",
    "<math><mi xlink:href='javascript:window.harm=1'>x</mi></math>",
    '```"><img src=x onerror=window.harm=1>\ncode\n```',
    "| <img src=x onerror=window.harm=1> |\n|---|\n| [x](javascript:window.harm=1) |",
    "<br onclick=window.harm=1>",
)

GROWING = {
    "paragraphs": "One *two* three.\n\nFour **five**\nsix.\n\n\nSeven `eight`.",
    "list": "Before\n\n- a\n- b\n\n- c\n  more of c\n\n      code in c\n- d\n\nAfter",
    "numbers": "1. one\n\n2. two\n\n10. ten\n\nAfter 3. not an item",
    "headings": "Title\n=====\n\nUnder\n---\n\n# One\ntext\n#not one\n## Two",
    "code": "Before\n```python title\nx = 1\n\n\ndef f():\n    pass\n```\nAfter\n\n    indented\n\n~~~\nopen",
    "table": "| a | b |\n|---|--:|\n| 1 | 2 |\n| 3 | 4 |\n\nAfter | no table",
    "quote": "> one\n> two\n\nbetween\n\n> three\nlazy\n\n- > four",
    "definitions": "See [it] and [that][it].\n\nMore.\n\nAnd more.\n\n[it]: https://example.org/ 'The title'",
    "html": "H<sub>2</sub>O<br>and <b>bold</b>\n\n<div>\n\nblock\n\n</div>\n\nend",
    "returns": "One\r\ntwo\r\n\r\n- a\r\n- b\r\n\r\nthree",
    "characters": "Grüße 🙂👩‍👩‍👧 **日本語**\n\n- 🙂\n- 🙃\n\n`😀`",
}


_ACT = """async (text) => {
  const {MarkdownView} = await import('/js/markdown/markdown_view.js');
  const root = document.createElement('div');
  document.querySelector('#thread').append(root);
  new MarkdownView(root).update(text, {complete: true});
  const elements = [...root.querySelectorAll('*')];
  const links = elements.filter((one) => one.hasAttribute('href') && one.tagName !== 'use');
  for (const element of elements) if (!element.closest('a[href]')) element.click?.();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const forbidden = /^(img|script|iframe|style|form|details|math|object|embed|input|svg)$/i;
  const result = {
    harm: window.harm ?? null,
    handlers: elements.flatMap((one) => one.getAttributeNames()).filter((name) => name.startsWith('on')),
    tags: elements.filter((one) => forbidden.test(one.tagName) && !one.closest('.copy')).map((one) => one.tagName),
    links: links.map((one) => one.protocol).filter((protocol) => !/^(https?|mailto):$/.test(protocol)),
  };
  root.remove();
  return result;
}"""


@pytest.fixture(scope="module")
def bare(browser: Browser, address: str) -> Iterator[Page]:
    """A page for parts of the page."""
    page = browser.new_page()
    watch = PageWatch(urlsplit(address).netloc)
    watch.attach(page)
    page.goto(address)
    yield page
    page.close()
    assert watch.problems == []


@pytest.mark.parametrize("text", NASTY)
def test_nothing_in_an_answer_can_act(bare: Page, text: str) -> None:
    """Nor load anything: the page's watch fails for a request to another host."""
    assert bare.evaluate(_ACT, text) == {"harm": None, "handlers": [], "tags": [], "links": []}


def test_a_prompt_that_comes_back_in_the_answer_does_nothing(chat: ChatPage) -> None:
    prompt = f"<img src=x onerror=window.harm=1> [x](javascript:window.harm=1) {QUICK}"
    chat.ask(f"Hello {QUICK}")
    answer = chat.ask(prompt)
    assert "<img src=x onerror=window.harm=1>" in answer
    assert chat.page.evaluate("window.harm ?? null") is None
    expect(chat.page.locator("#thread img, #thread a[href^='javascript']")).to_have_count(0)
    expect(chat.prompts.last).to_have_text(prompt)


@pytest.mark.parametrize("name", GROWING)
def test_a_growing_text_ends_as_if_drawn_at_once(bare: Page, name: str) -> None:
    text = GROWING[name]
    at_once = bare.evaluate(_DRAW, {"text": text, "steps": []})[1]
    for size in (1, 7):
        steps = list(range(size, len(text) + size, size))
        _, complete = bare.evaluate(_DRAW, {"text": text, "steps": steps})
        assert complete == at_once


@pytest.mark.parametrize("name", sorted(GROWING.keys() - {"definitions"}))
def test_a_growing_text_reads_right_all_the_time(bare: Page, name: str) -> None:
    """Every beginning of the text, reached step by step, looks as that beginning drawn at once. Links that are defined
    later are the exception."""
    text = GROWING[name]
    for end in range(1, len(text), 5):
        growing, _ = bare.evaluate(_DRAW, {"text": text[:end], "steps": list(range(1, end + 1))})
        _, at_once = bare.evaluate(_DRAW, {"text": text[:end], "steps": []})
        assert growing == at_once, text[:end]


def test_long_answer_is_not_rendered_again_for_each_token(bare: Page) -> None:
    """The first paragraph stays the very same element, and so does the code while it grows."""
    same = bare.evaluate(
        """async () => {
          const {MarkdownView} = await import('/js/markdown/markdown_view.js');
          const root = document.createElement('div');
          const view = new MarkdownView(root);
          const text = 'First.\\n\\n```js\\n' + 'let x;\\n'.repeat(50) + '```\\n\\nLast.';
          view.update(text.slice(0, 30), {complete: false});
          const [first, code] = root.children;
          for (let end = 31; end <= text.length; end += 1) view.update(text.slice(0, end), {complete: false});
          view.update(text, {complete: true});
          return [root.children[0] === first, root.children[1] === code, root.children.length];
        }"""
    )
    assert same == [True, True, 3]


def test_code_is_copied_with_its_button(open_page: Callable[..., ChatPage]) -> None:
    chat = open_page(permissions=["clipboard-read", "clipboard-write"])
    chat.ask(f"Write a Python function {QUICK}")
    block = chat.answers.locator(".code").first
    expect(block.locator(".code-language")).to_have_text("python")
    button = block.get_by_role("button", name="Copy the code")
    button.click()
    expect(button).to_have_text("Copied")
    code = chat.page.evaluate("navigator.clipboard.readText()")
    assert code.startswith("from collections.abc import Iterator\n")
    assert code == block.locator("code").text_content()
    chat.button("Copy the answer").click()
    expect(chat.button("Copy the answer")).to_have_text("Copied")
    assert "```python" in chat.page.evaluate("navigator.clipboard.readText()")


_SMILE = "🙂"


@pytest.mark.parametrize(
    ("kept", "events", "expected"),
    [
        pytest.param({}, [[4, "abc"], [6, "de"]], ("abcde", 6, False), id="in order"),
        pytest.param({}, [[4, "abc"], [4, "abc"], [6, "de"]], ("abcde", 6, False), id="twice"),
        pytest.param({}, [[4, "abc"], [6, "abcde"]], ("abcde", 6, False), id="replayed in a larger chunk"),
        pytest.param({}, [[4, "abc"], [5, "cd"]], ("abcd", 5, False), id="overlapping"),
        pytest.param({}, [[3, _SMILE * 2], [4, _SMILE * 2]], (_SMILE * 3, 4, False), id="beyond the BMP"),
        pytest.param({"text": "ab" + _SMILE, "lastEventId": 4}, [[5, "c"]], (f"ab{_SMILE}c", 5, False), id="kept"),
        pytest.param({"text": "ab", "lastEventId": 9}, [[3, "ab"]], ("ab", 3, False), id="kept, and not fitting"),
        pytest.param({}, [[4, "abc"], [9, "gh"]], ("abcgh", 9, True), id="with a gap"),
    ],
)
def test_text_is_put_together_by_event_ids(
    bare: Page, kept: dict[str, object], events: list[list[object]], expected: tuple[str, int, bool]
) -> None:
    result = bare.evaluate(_APPEND, {"kept": kept, "events": events, "end": None})
    assert (result["text"], result["lastEventId"], result["incomplete"]) == expected


@pytest.mark.parametrize(("end", "incomplete"), [(5, False), (6, True)])
def test_terminal_id_shows_whether_all_text_arrived(bare: Page, end: int, *, incomplete: bool) -> None:
    result = bare.evaluate(_APPEND, {"kept": {}, "events": [[4, "abc"]], "end": end})
    assert result["incomplete"] is incomplete


def test_the_page_may_use_nothing_but_its_own_files(browser: Browser, address: str) -> None:
    """The policy stands in the page itself, so it holds wherever the files are served from."""
    page = browser.new_page()
    page.goto(address)
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content") or ""
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    refused = page.evaluate(
        """async () => {
          const refused = [];
          document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
          await fetch('https://elsewhere.example/').catch(() => {});
          try { document.body.innerHTML = '<b>text</b>'; } catch { }
          await new Promise((resolve) => setTimeout(resolve, 100));
          return refused.sort();
        }"""
    )
    page.close()
    assert set(refused) == {"connect-src", "require-trusted-types-for"}
