"""The dashboard of the running stack in a browser: the template's widgets, with what the traffic makes of them."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from artefacts.sam import ROOT
from fakes.page.chat_page import ChatPage, PageWatch
from local_stack.dashboard.definition import Widget, read_dashboard

ASKED = re.compile(r"/local/dashboard/data")

type OpenDashboard = Callable[..., Page]


@pytest.fixture
def dashboard(browser: Browser, address: str) -> Iterator[OpenDashboard]:
    """Opens the dashboard; fails the test on any error in the page."""
    watch = PageWatch(urlsplit(address).netloc)
    opened: list[Page] = []

    def open_dashboard(**options: Any) -> Page:
        page = browser.new_page(**options)
        opened.append(page)
        watch.attach(page)
        page.goto(f"{address}/local/dashboard")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        return page

    yield open_dashboard
    for page in opened:
        page.close()
    assert watch.problems == []


def widgets(kind: str) -> list[Widget]:
    return [widget for widget in read_dashboard(ROOT / "template.yaml").widgets if widget.kind == kind]


def card(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def number(page: Page, title: str, label: str) -> Locator:
    return card(page, title).locator(".number", has_text=label).locator("dd")


def test_the_widgets_are_those_of_the_template(dashboard: OpenDashboard) -> None:
    page = dashboard()
    titles = [str(widget.properties["title"]) for widget in [*widgets("alarm"), *widgets("metric")]]
    expect(page.locator(".card h3")).to_have_text(titles)
    headings = [match[1] for widget in widgets("text") if (match := re.match("## (.*)", widget.properties["markdown"]))]
    expect(page.get_by_role("heading", level=2)).to_have_text(headings)


def test_traffic_appears_while_the_page_is_open(dashboard: OpenDashboard, chat: ChatPage) -> None:
    page = dashboard()
    page.get_by_text("3 h", exact=True).click()  # so long that no earlier traffic drops out meanwhile
    expect(page.get_by_text("covers 180 seconds")).to_be_visible()
    started, spent = number(page, "Answers", "sessions started"), number(page, "Money", "spent")
    before = int(started.inner_text())

    chat.ask("What is artificial intelligence? [demo:rate=400]")

    expect(started).to_have_text(str(before + 1))
    expect(spent).to_have_text(re.compile(r"^\$0\.0*[1-9]"))
    expect(number(page, "Wait for the first token", "p95")).to_have_text(re.compile(r"^[\d.]+ ?m?s$"))
    model = chat.page.locator("#picker-value").inner_text()
    expect(card(page, "Money spent by model").locator(".legend li", has_text=model)).to_be_visible()
    for title in ("Sessions and streams", "Money spent by model", "Invocations", "Duration of stream and cleanup, p95"):
        expect(card(page, title).locator(".plot svg .series, .plot svg .dot").first).to_be_attached()


def test_values_can_be_read_without_seeing_the_chart(dashboard: OpenDashboard, chat: ChatPage) -> None:
    """With the arrow keys, and as a table."""
    chat.ask("Hello [demo:rate=400]")
    page = dashboard()
    traffic = card(page, "Sessions and streams")
    plot = traffic.get_by_role("group", name=re.compile("^Chart of Sessions and streams.*sessions started"))
    plot.focus()
    page.keyboard.press("End")
    expect(traffic.locator(".tip")).to_contain_text("sessions started")
    newest = traffic.locator(".tip p").inner_text()
    page.keyboard.press("ArrowLeft")
    expect(traffic.locator(".tip p")).not_to_have_text(newest)
    expect(traffic.get_by_role("status")).to_contain_text("completed")
    page.keyboard.press("Escape")
    expect(traffic.locator(".tip")).to_be_hidden()

    traffic.get_by_role("button", name="Values of Sessions and streams as a table").click()

    table = traffic.get_by_role("table", name="Sessions and streams")
    expect(table.get_by_role("columnheader")).to_have_text(
        ["Time", "sessions started", "completed", "stopped", "failed", "resumed"]
    )
    expect(table.get_by_role("row")).to_have_count(31)
    expect(plot).to_be_hidden()


def test_what_has_no_data_here_says_so(dashboard: OpenDashboard) -> None:
    page = dashboard()
    expect(card(page, "Read capacity")).to_contain_text("DynamoDB's own metrics exist in AWS only.")
    expect(card(page, "Alarms").get_by_role("listitem")).to_have_count(len(widgets("alarm")[0].properties["alarms"]))


def test_the_chosen_time_span_is_kept(dashboard: OpenDashboard) -> None:
    page = dashboard()
    with page.expect_request(re.compile("seconds=3600")):
        page.get_by_text("1 h", exact=True).click()
    expect(page.get_by_text("covers 60 seconds")).to_be_visible()
    with page.expect_request(ASKED) as asked:
        page.reload()
    assert asked.value.url.endswith("seconds=3600")
    expect(page.get_by_role("radio", name="1 h")).to_be_checked()


def test_a_phone_shows_everything_in_one_column(dashboard: OpenDashboard) -> None:
    page = dashboard(viewport={"width": 360, "height": 740}, has_touch=True)
    expect(page.locator(".plot").first).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    widths = {
        round(found) for found in page.evaluate("[...document.querySelectorAll('.card')].map((c) => c.clientWidth)")
    }
    assert len(widths) == 1


def test_unreachable_stack_is_reported(dashboard: OpenDashboard) -> None:
    """The page recovers as soon as the stack responds."""
    page = dashboard()
    page.route(ASKED, lambda route: route.fulfill(status=200, body="not JSON"))
    expect(page.locator("#live")).to_have_attribute("data-state", "lost")
    page.unroute(ASKED)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def test_nothing_is_asked_while_nobody_looks(dashboard: OpenDashboard) -> None:
    page = dashboard()
    page.clock.install()
    page.reload()
    expect(page.locator(".plot").first).to_be_attached()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response(ASKED):
        page.evaluate("Object.defineProperty(document, 'hidden', {get: () => !window.seen})")
        page.clock.run_for(2000)

    page.clock.run_for(60_000)
    before = len(asked)
    with page.expect_response(ASKED):
        page.evaluate("window.seen = true; document.dispatchEvent(new Event('visibilitychange'))")

    assert (before, len(asked)) == (1, 2)


def test_numbers_are_written_as_people_read_them(dashboard: OpenDashboard) -> None:
    expected = [
        (0, "ms", "0 ms"),
        (36.4, "ms", "36.4 ms"),
        (1049, "ms", "1.05 s"),
        (90_000, "ms", "1.5 min"),
        (0, "s", "0 s"),
        (1800, "s", "30 min"),
        (350, "us", "350 µs"),
        (3_540_000, "bytes", "3.38 MB"),
        (12.34, "%", "12.3%"),
        (0, "usd", "$0"),
        (0.00019421, "usd", "$0.00019"),
        (1234.5, "usd", "$1,234.50"),
        (1030, "", "1,030"),
        (12_345, "", "12.3k"),
        (2_500_000, "", "2.5M"),
    ]
    written = dashboard().evaluate(
        """async (given) => {
          const { text } = await import("/local/dashboard/format.js");
          return given.map(([value, kind]) => [value, kind, text(value, kind)]);
        }""",
        expected,
    )
    assert [tuple(found) for found in written] == expected


def test_an_axis_has_few_ticks_at_round_values(dashboard: OpenDashboard) -> None:
    expected = {0: [0, 1], 1: [0, 1], 3: [0, 1, 2, 3], 14: [0, 5, 10, 15], 101: [0, 50, 100, 150]}
    ticks = dashboard().evaluate(
        """async (given) => {
          const { ticks } = await import("/local/dashboard/chart/scale.js");
          return given.map((most) => ticks(most, 3, true));
        }""",
        list(expected),
    )
    assert ticks == list(expected.values())
