"""The dashboard of a stack with the probes: what Lambda says of its functions, and the page's own addresses."""

import json
from pathlib import Path

import httpx

from fakes.stack.process import running_stack
from integration.local.conftest import Gates

STATISTICS = {
    "Invocations": "Sum",
    "Errors": "Sum",
    "Throttles": "Sum",
    "ConcurrentExecutions": "Maximum",
    "Duration": "Maximum",
    "UrlRequestCount": "Sum",
    "Url4xxCount": "Sum",
    "Url5xxCount": "Sum",
}


def add_dashboard(template: Path, function: str) -> None:
    """Numbers of one function, over the whole time."""
    metrics = [
        ["AWS/Lambda", name, "FunctionName", f"${{{function}}}", {"stat": statistic}]
        for name, statistic in STATISTICS.items()
    ]
    properties = {"view": "singleValue", "setPeriodToTimeRange": True, "metrics": metrics}
    widget = {"type": "metric", "x": 0, "y": 0, "width": 24, "height": 3, "properties": properties}
    body = json.dumps(json.dumps({"widgets": [widget]}))
    with template.open("a") as file:
        file.write(
            f"  Dashboard:\n    Type: AWS::CloudWatch::Dashboard\n    Properties: {{DashboardBody: !Sub {body}}}\n"
        )


def numbers(url: str) -> dict[str, float | None]:
    (widget,) = httpx.get(f"{url}/local/dashboard/data", params={"seconds": "300"}).json()["widgets"]
    return {line["label"]: line["values"][0] for line in widget["lines"]}


def test_lambda_metrics_of_a_function(probes: Path, gates: Gates) -> None:
    add_dashboard(probes, "BufferedFunction")
    with running_stack("--template", str(probes), environ={"MAX_PROCESSES": "1"}) as stack:
        assert set(numbers(stack.url).values()) == {None}
        assert httpx.get(f"{stack.url}/buffered/version").status_code == 200
        assert httpx.get(f"{stack.url}/buffered/slept", timeout=30).status_code == 502
        waiting = gates.get(stack, "/buffered/waited", "gate")
        stack.wait_for(lambda: numbers(stack.url)["Invocations"] == 3)
        assert httpx.get(f"{stack.url}/buffered/version").status_code == 429
        gates.open("gate")
        assert waiting.result().status_code == 200

        found = numbers(stack.url)

    milliseconds = found.pop("Duration")
    assert milliseconds is not None
    assert 2000 <= milliseconds < 5000
    assert found == {
        "Invocations": 3,
        "Errors": 1,
        "Throttles": 1,
        "ConcurrentExecutions": 1,
        "UrlRequestCount": 4,
        "Url4xxCount": 1,
        "Url5xxCount": 1,
    }


def test_streams_at_a_time_are_counted_while_they_run(probes: Path, gates: Gates) -> None:
    add_dashboard(probes, "StreamingFunction")
    with running_stack("--template", str(probes), environ={"MAX_PROCESSES": "2"}) as stack:
        waiting = [gates.get(stack, "/streaming/gated", "both") for _ in range(2)]
        stack.wait_for(lambda: numbers(stack.url)["ConcurrentExecutions"] == 2)
        assert numbers(stack.url)["Duration"] is None
        gates.open("both")
        assert [future.result().status_code for future in waiting] == [200, 200]
        stack.wait_for(lambda: numbers(stack.url)["Duration"] is not None)
        assert (numbers(stack.url)["Errors"], numbers(stack.url)["Url5xxCount"]) == (0, 0)


def test_the_page_and_its_files(http: httpx.Client) -> None:
    page = http.get("/local/dashboard")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert http.get("/local/dashboard/main.js").headers["content-type"] == "text/javascript; charset=utf-8"
    assert http.get("/local/dashboard/endpoint.py").status_code == 404
    assert http.post("/local/dashboard").status_code == 405


def test_a_time_span_that_is_not_offered_is_refused(http: httpx.Client) -> None:
    for seconds in ("301", "-300", "all"):
        refusal = http.get("/local/dashboard/data", params={"seconds": seconds})
        assert (refusal.status_code, refusal.json()["code"]) == (400, "invalid_request")


def test_a_template_without_a_dashboard_has_an_empty_one(http: httpx.Client) -> None:
    assert http.get("/local/dashboard/data").json()["widgets"] == []


def test_invalid_dashboard_names_its_fault_and_is_read_once_mended(probes: Path) -> None:
    before = probes.read_text()
    with running_stack("--template", str(probes)) as stack:
        assert httpx.get(f"{stack.url}/local/dashboard/data").json()["widgets"] == []
        probes.write_text(
            before + "  Dashboard:\n    Type: AWS::CloudWatch::Dashboard\n    Properties: {DashboardBody: '{'}\n"
        )
        stack.wait_for(lambda: httpx.get(f"{stack.url}/local/dashboard/data").status_code == 500)
        assert "dashboard's body" in httpx.get(f"{stack.url}/local/dashboard/data").json()["detail"]
        probes.write_text(before)
        add_dashboard(probes, "BufferedFunction")
        stack.wait_for(lambda: httpx.get(f"{stack.url}/local/dashboard/data").status_code == 200)
        assert numbers(stack.url).keys() == STATISTICS.keys()
