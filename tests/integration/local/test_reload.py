"""Edits restart the processes."""

from pathlib import Path

import httpx

from fakes.stack import running_stack
from integration.local.conftest import Gates


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_edit_gives_new_processes_and_lets_the_old_ones_finish(probes: Path, gates: Gates) -> None:
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
