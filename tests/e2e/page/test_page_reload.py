"""Where files are watched, an edit of the page is seen without a reload by hand."""

import shutil
from pathlib import Path

from playwright.sync_api import Browser, expect

from fakes.stack.process import running_stack
from local_stack.options import ROOT


def test_an_edited_file_reloads_the_page(browser: Browser, tmp_path: Path) -> None:
    web = Path(shutil.copytree(ROOT / "web", tmp_path / "web"))
    with running_stack("--web", str(web), reload=True) as stack:
        page = browser.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        with page.expect_response("**/local/page-version"):
            page.goto(stack.url)
        expect(page.locator("#picker-button")).to_be_enabled()
        page.evaluate("window.old = true")
        index = web / "index.html"
        index.write_text(index.read_text().replace("<title>", '<meta name="edited"><title>'))
        page.wait_for_function("() => !window.old")
        expect(page.locator("meta[name=edited]")).to_have_count(1)
        assert problems == []
        page.close()


def test_nothing_is_added_to_the_page_where_files_are_not_watched(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    assert "/local/" not in page.content()
    page.close()
