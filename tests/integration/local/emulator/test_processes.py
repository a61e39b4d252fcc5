"""Functions as processes: one invocation at a time, more on demand, ended when they must."""

import json
import os
import re
from pathlib import Path

import httpx

from fakes.stack.process import RunningStack, running_stack
from integration.local.conftest import Gates
from local_stack.providers import provider_names

KEY = f"{provider_names()[0].upper()}_API_KEY"


def started(stack: RunningStack, function: str, times: int) -> None:
    """Waits until the function's log has so many invocations that began."""
    stack.wait_for_log(rf"(?s)(\b{function} \| START .*?){{{times}}}")


def test_warm_process_is_used_again(http: httpx.Client) -> None:
    pids = {http.get("/buffered/echo").json()["pid"] for _ in range(3)}

    assert len(pids) == 1


def test_processes_are_added_on_demand_until_throttled(probes: Path, gates: Gates) -> None:
    with running_stack("--template", str(probes), environ={"MAX_PROCESSES": "2"}) as stack:
        waiting = [gates.get(stack, "/buffered/waited", "both") for _ in range(2)]
        started(stack, "buffered", 2)

        throttled = httpx.get(f"{stack.url}/buffered/version")
        assert throttled.status_code == 429
        assert throttled.headers["x-amzn-errortype"] == "TooManyRequestsException"
        assert throttled.json() == {
            "Reason": "ConcurrentInvocationLimitExceeded",
            "Type": "User",
            "message": "Rate Exceeded.",
        }

        gates.open("both")
        assert len({future.result().json() for future in waiting}) == 2
        assert httpx.get(f"{stack.url}/buffered/version").status_code == 200


def test_timeout_kills_the_process(http: httpx.Client, stack: RunningStack) -> None:
    before = http.get("/buffered/echo").json()["pid"]

    response = http.get("/buffered/slept")

    assert response.status_code == 502
    stack.wait_for_log(r"buffered \| RequestId: \S+ Task timed out after 2.00 seconds")
    stack.wait_for_log(r"buffered \| REPORT RequestId: \S+\tDuration: 2\d{3}\.\d\d ms\t.*Status: timeout")
    stack.wait_for(lambda: not _alive(before))
    assert http.get("/buffered/echo").json()["pid"] != before


def test_timeout_breaks_a_stream_off(probes: Path, gates: Gates) -> None:
    with running_stack("--template", str(probes), "--timeout", "StreamingFunction=0.5") as stack:
        with httpx.stream("GET", f"{stack.url}/streaming/gated", params={"gate": gates.path("never")}) as response:
            chunks = response.iter_raw()
            next(chunks)
            try:
                next(chunks)
            except httpx.RemoteProtocolError:
                pass
            else:
                raise AssertionError("the stream ended well")
        assert httpx.get(f"{stack.url}/streaming/empty").status_code == 204


def test_death_before_an_answer_is_a_bad_gateway(http: httpx.Client, stack: RunningStack) -> None:
    assert http.get("/buffered/left").status_code == 502
    stack.wait_for_log(r"buffered \| RequestId: \S+ Error: Runtime exited with error: exit status 3")
    assert http.get("/buffered/version").status_code == 200


def test_idle_processes_are_ended_but_for_one(probes: Path, gates: Gates) -> None:
    with running_stack("--template", str(probes), environ={"IDLE_SECONDS": "1"}) as stack:
        waiting = [gates.get(stack, "/buffered/waited", "all") for _ in range(3)]
        started(stack, "buffered", 3)
        gates.open("all")
        pids = {future.result().json() for future in waiting}
        assert len(pids) == 3

        stack.wait_for(lambda: sum(_alive(pid) for pid in pids) == 1)
        assert httpx.get(f"{stack.url}/buffered/echo").json()["pid"] in pids


def test_report_has_durations_and_memory(http: httpx.Client, stack: RunningStack) -> None:
    request_id = http.get("/buffered/echo").json()["requestId"]

    stack.wait_for_log(rf"buffered \| START RequestId: {request_id} Version: \$LATEST")
    report = stack.wait_for_log(rf"buffered \| REPORT RequestId: {request_id}\t(.*)")[1]
    used = re.search(r"Memory Size: 256 MB\tMax Memory Used: (\d+) MB", report)
    assert used is not None
    assert 5 < int(used[1]) < 256
    stack.wait_for_log(r"buffered \| REPORT .*\tInit Duration: \d+\.\d\d ms")


def test_environment_is_lambdas_and_nothing_of_the_developers(probes: Path) -> None:
    environ = {KEY: "sk-private", "AWS_PROFILE": "private", "PYTHONPATH": "/nowhere", "PRIVATE": "1"}
    with running_stack("--template", str(probes), environ=environ, variables={"OWN": "set"}) as stack:
        found = httpx.get(f"{stack.url}/buffered/environment").json()

    assert found["AWS_LAMBDA_FUNCTION_NAME"] == "BufferedFunction"
    assert found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert found["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert found["AWS_REGION"] == "us-east-1"
    assert found["LAMBDA_TASK_ROOT"] == str(probes.parent / "buffered")
    assert found["_HANDLER"] == "probe_buffered.app.handler"
    assert found["TZ"] == ":UTC"
    assert found["SHARED"] == "from globals"
    assert found["OWN"] == "set"
    assert found["REDIS_URL"].startswith("redis://127.0.0.1:")
    assert found["PYTHONPATH"] == str(probes.parent / "buffered")
    assert len(found["AUTH_SECRET"]) >= 32
    assert "AUTH_SECRET_ARN" not in found
    assert found["PATH"] == os.environ["PATH"]
    assert found.keys().isdisjoint({KEY, "AWS_PROFILE", "PRIVATE", "VIRTUAL_ENV"})
    assert "private" not in json.dumps(found)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
