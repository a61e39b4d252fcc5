"""The chat page in a browser, as a person uses it; and a watch over what it must never do."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

ANSWER_MS = 30_000
"""How long a whole answer may take."""


@dataclass
class PageWatch:
    """Collects what a page does wrong: errors, policy violations, requests to other hosts."""

    origin: str
    problems: list[str] = field(default_factory=list)
    refusals_expected: bool = False
    """The browser itself logs each answer of status 4xx and 5xx as an error: a test that provokes one says so."""

    def attach(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if self.refusals_expected and message.text.startswith("Failed to load resource:"):
            return
        self.problems.append(f"{message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != self.origin:
            self.problems.append(f"request to another host: {request.url}")


_GROWN = """([index, length]) => {
  const answer = document.querySelectorAll('.answer')[index];
  const text = answer?.querySelector('.markdown')?.innerText ?? '';
  return text.length > length && {phase: answer.dataset.phase, text};
}"""
"""Text and phase in one read: the page changes between two."""


@dataclass(frozen=True)
class ChatPage:
    """One tab. `page` is for what has no name here."""

    page: Page
    address: str
    user: str
    watch: PageWatch

    def open(self, fragment: str = "") -> "ChatPage":
        """Loads the page, and waits until it can be used."""
        self.page.goto(f"{self.address}/{fragment}")
        expect(self.page.locator("#picker-button")).to_be_enabled()
        return self

    def reload(self) -> None:
        self.page.reload()
        expect(self.page.locator("#picker-button")).to_be_enabled()

    def reload_later(self, minutes: float) -> None:
        """Reloads the page with the browser's clock that much ahead."""
        self.page.clock.set_fixed_time(datetime.now(UTC) + timedelta(minutes=minutes))
        self.reload()

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Your message")

    @property
    def answers(self) -> Locator:
        return self.page.locator(".answer")

    @property
    def prompts(self) -> Locator:
        return self.page.locator(".prompt .bubble")

    @property
    def chats(self) -> Locator:
        return self.page.locator(".chat-link")

    @property
    def alert(self) -> Locator:
        return self.page.locator("#alert")

    @property
    def kept_runs(self) -> list[str]:
        """The keys under which the browser keeps answers that are not in the history."""
        keys: list[str] = self.page.evaluate(
            "Object.keys(localStorage).filter((key) => key.startsWith('chat-sse:run:'))"
        )
        return keys

    @property
    def chat_id(self) -> str:
        """The open chat's, from the address."""
        return urlsplit(self.page.url).fragment.removeprefix("/chat/")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def new_chat(self) -> None:
        self.page.get_by_role("link", name="New chat").click()
        expect(self.page.get_by_role("heading", name="What would you like to know?")).to_be_visible()

    def sign_in(self, user: str) -> None:
        """Becomes another user, with the page's own dialog."""
        self.page.locator("#account-button").click()
        self.page.get_by_label("Name").fill(user)
        self.button("Continue").click()
        expect(self.page.locator(".account-name")).to_have_text(user)

    def send(self, prompt: str) -> None:
        self.box.fill(prompt)
        self.box.press("Enter")

    def ask(self, prompt: str) -> str:
        """Sends a prompt and waits for the end of the answer; returns its text as it is read on the page."""
        count = self.answers.count()
        self.send(prompt)
        return self.finished(count)

    def finished(self, index: int) -> str:
        """The text of an answer, when it is complete."""
        answer = self.answers.nth(index)
        expect(answer).to_have_attribute("data-phase", "ended", timeout=ANSWER_MS)
        return self.text(index)

    def text(self, index: int) -> str:
        return self.answers.nth(index).locator(".markdown").inner_text()

    def growing(self, index: int, more_than: int = 0) -> str:
        """The text of an answer while it is being written, as soon as it is longer than that."""
        seen = self.page.wait_for_function(_GROWN, arg=[index, more_than], timeout=ANSWER_MS).json_value()
        assert seen["phase"] == "writing", seen
        text: str = seen["text"]
        return text
