"""Metrics, pages and servers of a stack with the probes."""

import stat
from pathlib import Path

import httpx
import redis

from fakes.stack.process import RunningStack, running_stack, start_stack, stop_stack


def test_metrics_of_the_functions_are_prometheus_text(http: httpx.Client, stack: RunningStack) -> None:
    for _ in range(2):
        http.get("/buffered/metric")
    stack.wait_for(lambda: 'probe_things_done_total{service="probe"} 4' in http.get("/local/metrics").text)

    response = http.get("/local/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'probe_wait_ms_sum{service="probe"} 10\n' in response.text


def test_pages_are_served_from_their_folder_alone(probes: Path, tmp_path: Path) -> None:
    web = tmp_path / "web"
    (web / "js").mkdir(parents=True)
    (web / "index.html").write_text("<p>page")
    (web / "js/main.js").write_text("1")
    (web / "program.py").write_text("2")
    (web / ".hidden.js").write_text("3")
    (tmp_path / "secret.js").write_text("4")
    (web / "link.js").symlink_to(tmp_path / "secret.js")
    with running_stack("--template", str(probes), "--web", str(web)) as stack:

        def status(path: str) -> int:
            return httpx.get(httpx.URL(f"{stack.url}/").copy_with(raw_path=path.encode())).status_code

        assert [status(path) for path in ("/", "/js/main.js", "/js//main.js")] == [200, 200, 200]
        refused = ["/program.py", "/.hidden.js", "/link.js", "/../secret.js", "/%2e%2e/secret.js", "/js", "/a%00.js"]
        assert [status(path) for path in refused] == [404] * len(refused)
        assert httpx.head(f"{stack.url}/js/main.js").headers["content-length"] == "1"


def test_redis_is_there(stack: RunningStack) -> None:
    with redis.Redis.from_url(stack.address_of("redis")) as client:
        assert client.ping()


def test_redis_without_redis_server(probes: Path, tmp_path: Path) -> None:
    with (
        running_stack("--template", str(probes), environ={"PATH": str(tmp_path)}) as stack,
        redis.Redis.from_url(stack.address_of("redis")) as client,
    ):
        client.xadd("log", {"a": "1"})
        assert client.eval("return redis.call('XLEN', KEYS[1])", 1, "log") == 1


def test_servers_that_are_given_are_used(probes: Path) -> None:
    environ = {"REDIS_URL": "redis://127.0.0.1:1/7"}
    with running_stack("--template", str(probes), environ=environ) as stack:
        assert httpx.get(f"{stack.url}/buffered/environment").json()["REDIS_URL"] == "redis://127.0.0.1:1/7"
        assert "redis | is on" not in stack.log()


def test_secret_outlives_the_stack_and_is_the_owners_alone(probes: Path, tmp_path: Path) -> None:
    state, found = tmp_path / "state", []
    for run in range(2):
        log = tmp_path / f"log{run}"
        process = start_stack(["--template", str(probes), "--state", str(state), "--no-reload"], {}, log)
        try:
            stack = RunningStack("", process, log)
            url = stack.wait_for_log(r"is ready on (\S+)")[1]
            found.append(httpx.get(f"{url}/buffered/environment").json()["AUTH_SECRET"])
        finally:
            stop_stack(process, log)

    assert found[0] == found[1]
    assert len(found[0]) >= 32
    assert stat.S_IMODE((state / "auth-secret").stat().st_mode) == 0o600
