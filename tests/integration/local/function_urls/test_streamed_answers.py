"""Streamed answers arrive as they are sent, and break off where the function does."""

import time
from pathlib import Path

import httpx
import pytest

from fakes.stack.process import RunningStack


def test_chunk_arrives_before_the_next_is_sent(http: httpx.Client, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with http.stream("GET", "/streaming/gated", params={"gate": str(gate)}) as response:
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
        chunks = response.iter_raw()
        assert next(chunks).strip().isdigit()
        gate.touch()
        assert b"".join(chunks) == b"rest\n"


@pytest.mark.perf
def test_chunks_are_passed_on_quickly(http: httpx.Client) -> None:
    delays = []
    with http.stream("GET", "/streaming/stamps", params={"count": 40, "gap": 0.01}) as response:
        for chunk in response.iter_raw():
            now = time.time_ns()
            delays += [(now - int(stamp)) / 1e6 for stamp in chunk.split()]

    assert len(delays) == 40
    assert sorted(delays)[20] < 10  # milliseconds


def test_much_comes_through_whole(http: httpx.Client) -> None:
    response = http.get("/streaming/large")

    assert response.content == b"".join(bytes([number]) * 1_000_000 for number in range(20))


def test_error_within_an_answer_breaks_it_off(http: httpx.Client) -> None:
    with http.stream("GET", "/streaming/raised_within") as response:
        chunks = response.iter_raw()
        assert next(chunks) == b"some\n"
        with pytest.raises(httpx.RemoteProtocolError):
            next(chunks)


def test_death_within_an_answer_breaks_it_off(http: httpx.Client, stack: RunningStack, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with http.stream("GET", "/streaming/left_within", params={"gate": str(gate)}) as response:
        chunks = response.iter_raw()
        assert next(chunks) == b"some\n"
        gate.touch()
        with pytest.raises(httpx.RemoteProtocolError):
            next(chunks)

    stack.wait_for_log(
        r"streaming \| RequestId: \S+ Error: Runtime exited with error: exit status 3\tRuntime.ExitError"
    )
    assert http.get("/streaming/empty").status_code == 204


def test_client_that_leaves_does_not_stop_the_function(http: httpx.Client, stack: RunningStack, tmp_path: Path) -> None:
    gate, done = tmp_path / "gate", tmp_path / "done"
    with httpx.Client(base_url=stack.url) as leaving:
        query = {"gate": str(gate), "done": str(done)}
        with leaving.stream("GET", "/streaming/gated", params=query) as response:
            next(response.iter_raw())
    gate.touch()

    limit = time.monotonic() + 10
    while not done.exists():
        assert time.monotonic() < limit
        time.sleep(0.01)
