"""Takes the screenshots of the chat page: `scripts/screenshots/chat_page.py http://127.0.0.1:3000`.

Run it on a freshly started stack. Writes docs/page.png and docs/page-dark.png; needs Chromium
(on Debian: apt-get install chromium).
"""

import shutil
import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, ViewportSize, sync_playwright

DOCS = Path(__file__).parents[2] / "docs"
MAX_BYTES = 200_000
_SIZE: ViewportSize = {"width": 1100, "height": 820}
type Scheme = Literal["light", "dark"]
_PERSON = "localStorage.setItem('chat-sse:person', JSON.stringify({user: %r, tier: 'PRO'}))"
_USERS: dict[Scheme, str] = {"light": "alice", "dark": "bela"}
_EARLIER = ("Plan a week in Lisbon with two children", "How does streaming work?")
_SHOWN = "Write a Python function that lists the Fibonacci numbers"


def take(browser: Browser, address: str, scheme: Scheme, file: Path) -> None:
    """Runs a few short chats and takes a screenshot of the last one while its answer streams."""
    page = browser.new_page(viewport=_SIZE, color_scheme=scheme, reduced_motion="reduce")
    page.add_init_script(_PERSON % _USERS[scheme])
    page.goto(address)
    page.locator("#picker-button:enabled").wait_for()
    for prompt in _EARLIER:
        page.get_by_role("link", name="New chat").click()
        page.get_by_label("Your message").fill(prompt)
        page.keyboard.press("Enter")
        page.locator(".answer[data-phase=ended]").wait_for()
    page.get_by_role("link", name="New chat").click()
    page.get_by_label("Your message").fill(_SHOWN)
    page.keyboard.press("Enter")
    page.mouse.move(0, 0)
    page.get_by_text("It is a generator").wait_for()
    page.screenshot(path=file)
    page.close()
    if file.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{file} is larger than {MAX_BYTES} bytes")


def main(address: str) -> None:
    DOCS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        take(browser, address, "light", DOCS / "page.png")
        take(browser, address, "dark", DOCS / "page-dark.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
