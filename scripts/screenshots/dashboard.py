"""Takes the screenshots of the dashboard: `scripts/screenshots/dashboard.py http://127.0.0.1:3000`.

Run it on a freshly started stack; it generates five minutes of traffic first. Writes docs/dashboard.png and
docs/dashboard-dark.png; needs Chromium (on Debian: apt-get install chromium).
"""

import asyncio
import random
import shutil
import sys
import time
from pathlib import Path
from typing import Literal

import httpx
from playwright.async_api import Browser, async_playwright

DOCS = Path(__file__).parents[2] / "docs"
MAX_BYTES = 200_000
USERS = 4
SECONDS = 320
_MODELS = ("gpt-5.6-luna", "claude-haiku-4-5", "gpt-5.4-mini", "grok-4.3", "claude-sonnet-5", "gpt-5.6-terra")
_QUESTIONS = ("What is artificial intelligence?", "How does streaming work?", "Plan a week in Lisbon with two children")
_FAILURES = ("", "", "", "", "", "", "", "", " status=503 times=1", " status=503 times=9")


async def converse(client: httpx.AsyncClient, user: str, chance: random.Random, until: float) -> None:
    """One user's traffic: some questions are repeated, some fail at the provider, some are stopped."""
    token = (await client.get("/local/token", params={"user": user, "tier": "ENTERPRISE"})).text
    headers = {"authorization": f"Bearer {token}"}
    while time.monotonic() < until:
        number = "" if chance.random() < 0.4 else f" {chance.random()}"  # noqa: PLR2004  # a repeated question
        rate = chance.choice((60, 120, 200))
        prompt = f"{chance.choice(_QUESTIONS)}{number} [demo:rate={rate}{chance.choice(_FAILURES)}]"
        body = {"modelId": chance.choice(_MODELS), "prompt": prompt}
        started = (await client.post("/chat/start", json=body, headers=headers)).raise_for_status().json()
        stops_at = 40 if chance.random() < 0.05 else None  # noqa: PLR2004  # one in twenty
        session = {"sessionId": started["sessionId"]}
        events = {**headers, "accept": "text/event-stream"}
        lines = 0
        async with client.stream("GET", "/chat/stream", params=session, headers=events) as stream:
            async for _ in stream.aiter_lines():
                lines += 1
                if lines == stops_at:
                    await client.post("/chat/stop", json=session, headers=headers)
        await client.get("/chat/history", params={"chatId": started["chatId"]}, headers=headers)
        await asyncio.sleep(chance.random() * 3)


async def take(browser: Browser, address: str, scheme: Literal["light", "dark"], file: Path) -> None:
    """Takes a screenshot of the top of the page."""
    page = await browser.new_page(
        viewport={"width": 1360, "height": 1080}, color_scheme=scheme, reduced_motion="reduce"
    )
    await page.goto(f"{address}/local/dashboard")
    await page.locator(".series").first.wait_for(state="attached")
    await page.mouse.move(0, 0)
    picture = await page.screenshot(path=file)
    await page.close()
    if len(picture) > MAX_BYTES:
        raise SystemExit(f"{file} is larger than {MAX_BYTES} bytes")


async def main(address: str) -> None:
    DOCS.mkdir(exist_ok=True)
    until = time.monotonic() + SECONDS
    async with async_playwright() as playwright, httpx.AsyncClient(base_url=address, timeout=60) as client:
        chances = [random.Random(number) for number in range(USERS)]
        talks = [converse(client, f"user-{number}", chance, until) for number, chance in enumerate(chances)]
        traffic = asyncio.gather(*talks)
        await asyncio.sleep(SECONDS - 20)  # the remaining traffic continues during the screenshots
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        await take(browser, address, "light", DOCS / "dashboard.png")
        await take(browser, address, "dark", DOCS / "dashboard-dark.png")
        await browser.close()
        await traffic


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
