"""What the local stack prints of a function's log."""

import json
import time
from collections.abc import Iterator

import pytest

from local_stack.terminal.console import Style
from local_stack.terminal.log_lines import readable

PLAIN, COLOURED = Style(), Style(colours=True)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever the machine's time zone."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def powertools(**fields: object) -> str:
    return json.dumps(
        {
            "level": "INFO",
            "location": "log_end:20",
            "message": "generation ended",
            "timestamp": "2026-11-27 05:34:56,191+0000",
            "service": "chat-stream",
            **fields,
        }
    )


def test_a_record_is_a_line_with_its_fields() -> None:
    line = powertools(session_id="01M8", exception_name=["ReadTimeout", "TimeoutError"], tokens=12, code="late")
    assert readable(line, PLAIN) == (
        "05:34:56 INFO    generation ended  code=late exception_name=ReadTimeout,TimeoutError session_id=01M8"
    )


def test_an_error_stands_out_on_a_terminal_only() -> None:
    line = powertools(level="ERROR")
    assert readable(line, PLAIN) == "05:34:56 ERROR   generation ended"
    assert readable(line, COLOURED) == "\033[31m05:34:56 ERROR   generation ended\033[0m"


def test_a_long_record_is_cut() -> None:
    shown = readable(powertools(code="x" * 1000), PLAIN)
    assert shown is not None
    assert len(shown) == 400
    assert shown.endswith("…")


@pytest.mark.parametrize(
    "line",
    [
        "START RequestId: 1 Version: $LATEST",
        "REPORT RequestId: 1\tDuration: 1 ms",
        "INIT_START Runtime Version: lambda_asgi",
        '{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"service":"chat-stream"}',
    ],
)
def test_lambdas_own_lines_and_metrics_are_left_out(line: str) -> None:
    assert readable(line, PLAIN) is None


@pytest.mark.parametrize(
    "line", ["Traceback (most recent call last):", "{not json", '{"a": 1}', '{"level": 3, "message": "m"}']
)
def test_other_lines_are_printed_unchanged(line: str) -> None:
    assert readable(line, PLAIN) == line


def test_text_of_prompts_and_answers_is_never_shown() -> None:
    words = "what somebody wrote"
    names = ("prompt", "answer", "text", "content", "event", "exception", "body", "token", "error")
    for line in (powertools(**dict.fromkeys(names, words)), powertools(message={"prompt": words})):
        shown = readable(line, PLAIN)
        assert shown is not None
        assert words not in shown


def test_a_record_stays_on_one_line_and_says_where_it_failed() -> None:
    line = powertools(message="a\nb\x1b[31m", level="WARNING", places=["app.py:1", "redis.py:2"])
    assert readable(line, PLAIN) == "05:34:56 WARNING a b [31m  at=redis.py:2"


def test_time_is_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "INDIA-05:30")
    time.tzset()
    assert readable(powertools(), PLAIN) == "11:04:56 INFO    generation ended"
    assert str(readable(powertools(timestamp="soon"), PLAIN)).startswith("--:--:-- INFO")


@pytest.mark.parametrize(
    "line",
    [
        "RequestId: 1 Task timed out after 3.00 seconds",
        "RequestId: 1 Error: Runtime exited with error: signal: killed\tRuntime.ExitError",
        "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout",
    ],
)
def test_failure_of_a_process_stands_out(line: str) -> None:
    assert readable(line, PLAIN) == line
    assert readable(line, COLOURED) == f"\033[31m{line}\033[0m"


class Terminal:
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_respected(environ: dict[str, str], *, coloured: bool) -> None:
    style = Style.of(Terminal(), environ)  # type: ignore[arg-type]  # all that is asked of it
    assert (style.bad("x") != "x") is coloured
