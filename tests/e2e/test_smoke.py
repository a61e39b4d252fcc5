"""`scripts/smoke.py` with the running stack: all is well; and behind what breaks it: the right row says so."""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fakes.network.tampering_proxy import (
    Pump,
    Request,
    at_once,
    at_the_end,
    cutting,
    every,
    replacing,
    tampering_proxy,
    unchanged,
)
from fakes.stack.process import RunningStack

SMOKE = Path(__file__).parents[2] / "scripts/smoke.py"
AT_ONCE = 3
"""Runs at the same time."""

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True)
class Result:
    """What the script printed, by row."""

    code: int
    rows: Mapping[str, tuple[str, str]]
    output: str

    @property
    def failed(self) -> set[str]:
        return {name for name, (result, _) in self.rows.items() if result == "FAIL"}


@dataclass(frozen=True)
class Fault:
    """Something between the script and the stack, and the rows that must tell of it."""

    rows: set[str]
    says: str
    edit: Callable[[Request, str], Request] = lambda request, _token: request
    pump: Pump = at_once


def run_smoke(*arguments: str) -> Result:
    done = subprocess.run(
        [sys.executable, str(SMOKE), *arguments], check=False, capture_output=True, text=True, timeout=120
    )
    rows = re.findall(r"^(\w.*?) +(ok|FAIL|-) +(.*)$", done.stdout, re.MULTILINE)
    return Result(done.returncode, {name: (result, seen) for name, result, seen in rows}, done.stdout + done.stderr)


def _forgets_what_was_seen(request: Request, _token: str) -> Request:
    headers = {name: value for name, value in request.headers.items() if name != "last-event-id"}
    return replace(request, headers=headers, target=re.sub(r"&lastEventId=\d+", "", request.target))


def _stops_nothing(request: Request, _token: str) -> Request:
    if request.target != "/chat/stop":
        return request
    return replace(
        request, method="GET", target="/chat/models", body=b"", headers=request.headers | {"content-length": "0"}
    )


def _lets_everybody_in(request: Request, token: str) -> Request:
    return request if "authorization" in request.headers else request.with_headers(authorization=f"Bearer {token}")


def _takes_all_for_one(request: Request, token: str) -> Request:
    return request.with_headers(authorization=f"Bearer {token}")


def _serves_documentation(request: Request, _token: str) -> Request:
    return replace(request, target="/chat/models") if request.target == "/docs" else request


def _keeps_nothing(request: Request, _token: str) -> Request:
    return replace(request, body=request.body.replace(b'{"modelId"', b'{"cache": false, "modelId"', 1))


FAULTS = {
    "buffers": Fault({"gaps between tokens", "stop"}, "at once", pump=at_the_end),
    "buffers for half a second": Fault({"gaps between tokens"}, "something on the way", pump=every(0.5)),
    "compresses": Fault(
        {"time to first byte"},
        "compresses the stream: gzip",
        pump=replacing("/chat/stream", rb"(content-type: text/event-stream)", rb"content-encoding: gzip\r\n\1"),
    ),
    "cuts": Fault({"time to first byte"}, "IncompleteRead", pump=cutting("/chat/stream", 1500)),
    "forgets what was seen": Fault({"resume", "204"}, "arrived twice", edit=_forgets_what_was_seen),
    "stores another text": Fault(
        {"history", "resume", "stop"},
        "not what was streamed",
        pump=replacing("/chat/history", rb'"content":"..', rb'"content":"XX'),
    ),
    "stops nothing": Fault({"stop", "another user"}, "finishReason stop", edit=_stops_nothing),
    "lets everybody in": Fault({"no token", "stream token"}, "(expected 401)", edit=_lets_everybody_in),
    "takes all for one": Fault(
        {"no token", "wrong token", "another user", "stream token"}, "(expected 404)", edit=_takes_all_for_one
    ),
    "serves documentation": Fault({"other paths"}, "/docs: status 200", edit=_serves_documentation),
    "keeps nothing": Fault({"kept answer"}, "called again", edit=_keeps_nothing),
}


@pytest.fixture(scope="module")
def results(stack: RunningStack) -> Mapping[str, Result]:
    """The script's run behind each fault, and one behind none."""

    def run(item: tuple[str, Fault | None]) -> tuple[str, Result]:
        name, fault = item
        if fault is None:
            return name, run_smoke(stack.url)
        mark = re.sub(r"\W", "-", name)
        token, other = stack.token(mark), stack.token(f"{mark}-other")
        address = urlsplit(stack.url)
        assert address.hostname is not None
        assert address.port is not None
        edit = unchanged if fault.edit is None else lambda request: fault.edit(request, token)
        with tampering_proxy(address.hostname, address.port, edit=edit, pump=fault.pump) as url:
            return name, run_smoke(url, "--token", token, "--other-token", other)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(pool.map(run, [("", None), *FAULTS.items()]))


def test_passes_with_the_running_stack(results: Mapping[str, Result]) -> None:
    result = results[""]

    assert result.code == 0, result.output
    assert result.failed == set()
    assert {name for name, (found, _) in result.rows.items() if found == "-"} == {
        "direct invocation",
        "stream in a VPC",
    }
    assert "nothing on the way buffers" in result.rows["gaps between tokens"][1]


@pytest.mark.parametrize("name", FAULTS)
def test_fails_in_the_rows_that_a_fault_concerns(results: Mapping[str, Result], name: str) -> None:
    result, fault = results[name], FAULTS[name]

    assert result.code == 1, result.output
    assert result.failed == fault.rows, result.output
    assert any(fault.says in seen for found, seen in result.rows.values() if found == "FAIL"), result.output


def test_asks_for_few_answers_and_says_what_they_cost(results: Mapping[str, Result]) -> None:
    cost = results[""].rows["cost"][1]

    match = re.fullmatch(r"(\d+) requests; 3 answers of \S+: about (\d+) .* and (\d+) out, \$0\.000.*", cost)
    assert match, cost
    assert int(match[1]) < 70
    assert int(match[2]) + int(match[3]) < 600


def test_three_addresses_are_taken_for_one_function_each(stack: RunningStack) -> None:
    """Each function is asked at its own address: at a wrong one nothing works."""
    token, nowhere = stack.token("three"), "http://127.0.0.1:9"

    result = run_smoke(stack.url, nowhere, stack.url, "--token", token)

    assert result.code == 1
    assert {"time to first byte", "HEAD"} <= result.failed
    assert result.rows["start"][0] == "ok"


def test_says_that_nothing_answers() -> None:
    result = run_smoke("http://127.0.0.1:9")

    assert result.code == 1
    assert "The smoke test cannot start: ConnectionRefusedError" in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["http://127.0.0.1:9", "http://127.0.0.1:9"], "one URL, or those of start, stream and history"),
        (["https://a.example", "https://b.example", "https://c.example"], "a user token is required"),
        (["http://127.0.0.1:9", "--token", "x", "--expect-vpc"], "--expect-vpc needs --stack"),
    ],
)
def test_refuses_arguments_that_make_no_sense(arguments: list[str], says: str) -> None:
    result = run_smoke(*arguments)

    assert result.code == 2
    assert says in result.output


def test_ends_within_the_time_it_was_given(stack: RunningStack) -> None:
    result = run_smoke(stack.url, "--seconds", "0.4")

    assert result.code == 1
    assert "the deadline of the whole test has passed" in result.output
