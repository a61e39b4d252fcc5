"""What the local stack prints of a function's log."""

import json

import pytest

from local_stack.console import Style
from local_stack.log_lines import readable

PLAIN, COLOURED = Style(), Style(colours=True)


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
    line = powertools(session_id="01M8", exception_name=["ReadTimeout", "TimeoutError"], tokens=12)
    assert readable(line, PLAIN) == (
        "05:34:56 INFO    generation ended  session_id=01M8 exception_name=ReadTimeout,TimeoutError tokens=12"
    )


def test_an_error_stands_out_on_a_terminal_only() -> None:
    line = powertools(level="ERROR")
    assert readable(line, PLAIN) == "05:34:56 ERROR   generation ended"
    assert readable(line, COLOURED) == "\033[31m05:34:56 ERROR   generation ended\033[0m"


def test_a_long_record_is_cut() -> None:
    shown = readable(powertools(field="x" * 1000), PLAIN)
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
def test_what_is_no_record_stays_as_it_is(line: str) -> None:
    assert readable(line, PLAIN) == line


class Terminal:
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_respected(environ: dict[str, str], *, coloured: bool) -> None:
    style = Style.of(Terminal(), environ)  # type: ignore[arg-type]  # all that is asked of it
    assert (style.bad("x") != "x") is coloured
