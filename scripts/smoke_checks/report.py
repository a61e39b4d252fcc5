"""Runs checks and formats their results as a table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

OK, FAILED, SKIPPED = "ok", "FAIL", "-"


class CheckFailedError(Exception):
    """A check failed; the message is one line."""


class SkippedError(Exception):
    """A check does not apply or lacks a prerequisite; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check."""

    check: str
    result: str
    seen: str


def run(name: str, check: Callable[[], str]) -> CheckResult:
    """Runs a check, which returns its observation."""
    try:
        return CheckResult(name, OK, check())
    except SkippedError as error:
        return CheckResult(name, SKIPPED, str(error))
    except CheckFailedError as error:
        return CheckResult(name, FAILED, str(error))
    except Exception as error:  # noqa: BLE001  # any misbehaviour of the service: no connection, invalid HTTP or JSON, a missing field
        return CheckResult(name, FAILED, f"{type(error).__name__}: {error}")


def expect(holds: object, otherwise: str) -> None:
    """Raises CheckFailedError with the message `otherwise` unless `holds` is true."""
    if not holds:
        raise CheckFailedError(otherwise)


def table(rows: Iterable[CheckResult]) -> str:
    """The rows as a text table with a header."""
    cells = [("check", "result", "observed"), *((row.check, row.result, row.seen) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in (0, 1)]
    lines = [f"{check:<{widths[0]}}  {result:<{widths[1]}}  {' '.join(seen.split())}" for check, result, seen in cells]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
