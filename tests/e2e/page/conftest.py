"""The running stack, Debian's Chromium, and a page in it for each test."""

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from fakes.page.chat_page import ChatPage, PageWatch
from fakes.stack.process import running_stack

_EXPECT_MS = 10_000
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Only where nothing is stored yet: a test may change the person on the page, and reload.
_BECOME = "localStorage.getItem('chat-sse:person') ?? localStorage.setItem('chat-sse:person', JSON.stringify(%s))"

type OpenPage = Callable[..., ChatPage]


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where the stack answers."""
    with running_stack() as stack:
        yield stack.url


# Not longer than a module: Playwright keeps an event loop running in this thread, which asynchronous tests do not bear.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    expect.set_options(timeout=_EXPECT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def user() -> str:
    """A user that no other test has."""
    return f"u-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def open_page(browser: Browser, address: str, user: str) -> Iterator[OpenPage]:
    """Opens the page in a separate browser profile; fails the test on any error in the page."""
    contexts: list[BrowserContext] = []
    watches: list[PageWatch] = []

    def open_page(
        *,
        tier: str = "PRO",
        fragment: str = "",
        profile: ChatPage | None = None,
        through: str | None = None,
        **options: Any,
    ) -> ChatPage:
        """`profile`: a further tab beside that one. `through`: a proxy. `options`: those of `Browser.new_context`."""
        origin = through or address
        if profile is None:
            contexts.append(browser.new_context(**options))
            contexts[-1].add_init_script(_BECOME % json.dumps({"user": user, "tier": tier}))
        context = profile.page.context if profile else contexts[-1]
        watches.append(PageWatch(urlsplit(origin).netloc))
        page = context.new_page()
        watches[-1].attach(page)
        return ChatPage(page, origin, user, watches[-1]).open(fragment)

    yield open_page
    for context in contexts:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")  # a faked answer may be under way
        context.close()
    assert [problem for watch in watches for problem in watch.problems] == []


@pytest.fixture
def chat(open_page: OpenPage) -> ChatPage:
    """A page on a desktop, of a PRO user who has no chats yet."""
    return open_page(viewport={"width": 1200, "height": 800})
