"""Edits restart the processes, and reload pages."""

from pathlib import Path

import httpx

from fakes.stack.process import running_stack
from integration.local.conftest import Gates


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_edit_starts_new_processes_while_old_ones_finish(probes: Path, gates: Gates) -> None:
    with running_stack("--template", str(probes), reload=True) as stack:
        assert httpx.get(f"{stack.url}/buffered/version").json() == "first"
        streaming = gates.get(stack, "/streaming/gated", "gate")
        stack.wait_for_log(r"streaming \| START")

        edit(probes.parent / "buffered/probe_buffered/app.py", '"first"', '"second"')

        stack.wait_for(lambda: httpx.get(f"{stack.url}/buffered/version").json() == "second")
        assert not streaming.done()
        gates.open("gate")
        assert streaming.result().text.endswith("rest\n")


def test_edit_of_the_template_counts_and_a_broken_one_does_not(probes: Path) -> None:
    with running_stack("--template", str(probes), reload=True) as stack:
        edit(probes, "Paths: [/buffered/*]", "Paths: [/renamed/*]")
        stack.wait_for(lambda: httpx.get(f"{stack.url}/renamed/version").status_code == 200)

        edit(probes, "Handler: probe_buffered.app.handler", "")
        stack.wait_for_log(r"BufferedFunction has no Handler. The functions keep running unchanged.")
        assert httpx.get(f"{stack.url}/renamed/version").status_code == 200


def page_version(probes: Path, web: Path) -> str:
    """What a newly started stack sends to open pages."""
    with running_stack("--template", str(probes), "--web", str(web), reload=True) as stack:
        return httpx.get(f"{stack.url}/local/page-version").text


def test_restart_reloads_pages_only_if_their_files_have_changed(probes: Path, tmp_path: Path) -> None:
    """A reload loses what is typed and not sent."""
    web = tmp_path / "web"
    (web / "js").mkdir(parents=True)
    (web / "index.html").write_text("<p>page")
    (web / "js/main.js").write_text("1")

    first = page_version(probes, web)
    (web / "js/main.js").touch()
    assert page_version(probes, web) == first

    (web / "js/main.js").write_text("2")
    assert page_version(probes, web) != first


def test_edit_of_the_page_is_another_version_until_it_is_undone(probes: Path, tmp_path: Path) -> None:
    web = tmp_path / "web"
    web.mkdir()
    (web / "index.html").write_text("<p>page")
    with running_stack("--template", str(probes), "--web", str(web), reload=True) as stack:

        def version() -> str:
            return httpx.get(f"{stack.url}/local/page-version").text

        first = version()
        (web / "other.html").write_text("<p>other")
        stack.wait_for(lambda: version() != first)
        (web / "other.html").unlink()
        stack.wait_for(lambda: version() == first)
