"""Rows, and the table of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

OK, FAILED, LEFT_OUT = "ok", "FAIL", "-"


class CheckFailedError(Exception):
    """A check found what must not be; the message says what, in one line."""


class LeftOutError(Exception):
    """A check does not apply, or has nothing to begin with; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one check."""

    check: str
    result: str
    seen: str


def run(name: str, check: Callable[[], str]) -> Row:
    """Runs a check, which returns what it saw."""
    try:
        return Row(name, OK, check())
    except LeftOutError as error:
        return Row(name, LEFT_OUT, str(error))
    except CheckFailedError as error:
        return Row(name, FAILED, str(error))
    except Exception as error:  # noqa: BLE001  # no connection, no HTTP, no JSON, no field: whatever a service can do
        return Row(name, FAILED, f"{type(error).__name__}: {error}")


def expect(holds: object, otherwise: str) -> None:
    """Fails the check unless it holds."""
    if not holds:
        raise CheckFailedError(otherwise)


def table(rows: Iterable[Row]) -> str:
    """The rows under a head, as text."""
    cells = [("check", "result", "what was seen"), *((row.check, row.result, row.seen) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in (0, 1)]
    lines = [f"{check:<{widths[0]}}  {result:<{widths[1]}}  {' '.join(seen.split())}" for check, result, seen in cells]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
