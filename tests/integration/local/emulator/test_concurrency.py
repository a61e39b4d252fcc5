"""The stream function the Managed Instances way: several invocations at a time in one process."""

from collections.abc import Iterator

import httpx
import pytest

from fakes.stack.process import RunningStack, running_stack
from integration.local.conftest import Gates, copy_probes


@pytest.fixture(scope="module")
def concurrent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    template = copy_probes(tmp_path_factory.mktemp("probes"))
    environ = {"STREAM_CONCURRENCY": "3", "MAX_PROCESSES": "1"}
    with running_stack("--template", str(template), "--timeout", "StreamingFunction=3", environ=environ) as stack:
        yield stack


def test_streams_share_a_process_until_it_is_full(concurrent: RunningStack, gates: Gates) -> None:
    waiting = [gates.get(concurrent, "/streaming/gated", "all") for _ in range(3)]
    concurrent.wait_for_log(r"(?s)(\bstreaming \| START .*?){3}")
    assert httpx.get(f"{concurrent.url}/streaming/empty").status_code == 429

    gates.open("all")

    assert len({future.result().text.split()[0] for future in waiting}) == 1
    assert httpx.get(f"{concurrent.url}/streaming/empty").status_code == 204


def test_one_that_fails_or_times_out_leaves_the_others_alone(concurrent: RunningStack, gates: Gates) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{concurrent.url}/streaming/gated", params={"gate": gates.path("never")}, timeout=30)
    other = gates.get(concurrent, "/streaming/gated", "other")
    concurrent.wait_for_log(r"Task timed out after 3.00 seconds")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{concurrent.url}/streaming/raised_within")
    gates.open("other")

    assert other.result().text.endswith("rest\n")


def test_buffered_functions_keep_to_one_at_a_time(concurrent: RunningStack, gates: Gates) -> None:
    waiting = gates.get(concurrent, "/buffered/waited", "gate")
    concurrent.wait_for_log(r"\bbuffered \| START ")

    assert httpx.get(f"{concurrent.url}/buffered/version").status_code == 429
    gates.open("gate")
    assert waiting.result().status_code == 200
