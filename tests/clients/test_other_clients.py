"""Clients of others put an answer together over a connection that is cut, at every byte of it.

Some commit an event's id when they read its line, not at the blank line that ends the event: cut between the two, they
have the id of an event that they never handed over. That is one byte of each event, as the id is its last line.
"""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from clients import answers
from clients.answers import CHUNKS, TEXT, Answer
from clients.readers import Outcome, httpx_messages, read, standard_messages

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / ".build" / "clients"
NODE_SECONDS = 100
IN_PYTHON = {"httpx-sse": httpx_messages, "HTML standard": standard_messages}
FAITHFUL = [*IN_PYTHON, "eventsource-parser", "eventsource 4"]
EAGER = ["fetch-event-source", "eventsource 2"]

type Outcomes = dict[str, list[Outcome]]
"""By client, one for each cut."""


@pytest.fixture(scope="module")
def answer() -> Answer:
    return asyncio.run(answers.build())


@pytest.fixture(scope="module")
def in_node(answer: Answer) -> Outcomes:
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.skip(f"the clients are JavaScript: no {tool} here")
    BUILD.mkdir(parents=True, exist_ok=True)
    for source in (HERE / "node").iterdir():
        shutil.copy(source, BUILD)
    npm = _run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    if npm.returncode:
        pytest.skip(f"npm cannot fetch the clients: {npm.stderr.strip()[-500:]}")
    node = _run("node", "clients.mjs", given=answer.as_json())
    assert node.returncode == 0, node.stderr
    return {name: [Outcome(**one) for one in found] for name, found in json.loads(node.stdout).items()}


def _run(*command: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=BUILD, input=given, capture_output=True, text=True, check=False, timeout=NODE_SECONDS
    )


@pytest.fixture
def outcomes(request: pytest.FixtureRequest, answer: Answer, client: str) -> list[Outcome]:
    """What the client made of the answer, for each cut."""
    if client in IN_PYTHON:
        return [read(IN_PYTHON[client], answer, cut) for cut in range(len(answer.stream) + 1)]
    found: Outcomes = request.getfixturevalue("in_node")
    return found[client]


def lost(found: list[Outcome]) -> list[int]:
    """The cuts after which the text is not the answer."""
    return [cut for cut, outcome in enumerate(found) if outcome.text != TEXT]


def unfinished(found: list[Outcome]) -> list[int]:
    return [cut for cut, outcome in enumerate(found) if not outcome.finished]


def after_an_id(answer: Answer, cut: int) -> bool:
    """Whether the cut is between an event's line with the id and the blank line at its end."""
    *_, line, nothing = answer.stream[:cut].split(b"\n")
    return line.startswith(b"id: ") and nothing == b""


@pytest.mark.parametrize("client", FAITHFUL)
def test_client_that_takes_events_whole_loses_nothing_at_any_cut(outcomes: list[Outcome]) -> None:
    assert lost(outcomes) == []
    assert unfinished(outcomes) == []


@pytest.mark.parametrize("client", EAGER)
def test_client_that_takes_ids_at_once_loses_an_event_only_right_after_its_id(
    answer: Answer, outcomes: list[Outcome], client: str
) -> None:
    found = lost(outcomes)
    print(f"{client}: text is lost at {len(found)} of {len(outcomes)} cuts: {found}")
    assert len(found) <= len(CHUNKS)
    assert all(after_an_id(answer, cut) for cut in found)
    # After the id of the last event nothing is left (204): the client has all of the text, and no `done`.
    assert all(after_an_id(answer, cut) for cut in unfinished(outcomes))


@pytest.mark.parametrize("client", ["eventsource 2, all lines"])
def test_eventsource_2_hands_over_a_cut_event_with_the_next_one(answer: Answer, outcomes: list[Outcome]) -> None:
    """It keeps the data of an event that was cut, and adds the next event's: the last line is right (see docs/api.md).

    Whoever parses all lines fails where the cut is between the line with the data and the blank line, and nowhere else.
    """
    failed = [cut for cut, outcome in enumerate(outcomes) if outcome.faults]
    in_an_event = [answer.stream[:cut].rpartition(b"\n\n")[2].partition(b"data: ")[2] for cut in failed]
    assert all(b"\n" in part for part in in_an_event)


@pytest.mark.parametrize("client", [*FAITHFUL, *EAGER])
def test_no_client_is_handed_a_message_without_data(outcomes: list[Outcome]) -> None:
    """Nor does it throw, get stuck, come back for ever, or ask for what comes after an id that was never sent."""
    assert {fault for outcome in outcomes for fault in outcome.faults} == set()
    assert max(outcome.requests for outcome in outcomes) == 2
