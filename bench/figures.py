"""What a suite returns, and how it is printed and stored."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured figure; ``peer`` and ``limit`` are None when there is nothing to compare with.

    ``compare`` says how the limit is meant: "ratio" (ours over the peer's), "difference" (ours minus the peer's, in
    ``unit``) or "value". ``smaller`` is False for figures where more is better.
    """

    name: str
    unit: str
    ours: float
    peer: float | None = None
    limit: float | None = None
    compare: str = "ratio"
    smaller: bool = True
    note: str = ""
    others: tuple[float | None, ...] = ()
    """The same figure of the suite's other peers, which have no limit."""

    @property
    def compared(self) -> float | None:
        """What the limit is held against."""
        if self.compare == "value":
            return self.ours
        if self.peer is None:
            return None
        return self.ours - self.peer if self.compare == "difference" else self.ours / self.peer

    @property
    def passed(self) -> bool | None:
        """Whether the limit is kept; None without one, or without the peer."""
        compared = self.compared
        if self.limit is None or compared is None:
            return None
        return compared <= self.limit if self.smaller else compared >= self.limit


@dataclass(frozen=True)
class Suite:
    """The figures of one subject, under the names of the sides."""

    title: str
    ours: str
    peer: str
    figures: tuple[Figure, ...]
    others: tuple[str, ...] = ()


def table(suite: Suite) -> str:
    """The suite as aligned columns."""
    rows = [("", suite.ours, suite.peer, "ratio", "limit", *suite.others, "")]
    others = range(len(suite.others))
    for figure in suite.figures:
        compared, sign = figure.compared, "<=" if figure.smaller else ">="
        verdict = {True: "ok", False: "MISSED", None: ""}[figure.passed]
        rows.append(
            (
                figure.name,
                f"{figure.ours:,.2f} {figure.unit}",
                _cell(figure.peer, figure.unit),
                "-" if compared is None else f"{compared:.2f}{_unit(figure)}",
                "" if figure.limit is None else f"{sign} {figure.limit:g}{_unit(figure)}",
                *(_cell(figure.others[i] if i < len(figure.others) else None, figure.unit) for i in others),
                f"{verdict} {figure.note}".strip(),
            )
        )
    last = len(rows[0]) - 1
    widths = [max(len(row[column]) for row in rows) for column in range(last + 1)]
    lines = [
        "  ".join(
            cell.ljust(width) if i in {0, last} else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join([suite.title, *(line.rstrip() for line in lines)])


def _cell(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:,.2f} {unit}"


def _unit(figure: Figure) -> str:
    return "" if figure.compare == "ratio" else f" {figure.unit}"


def store(suites: Iterable[Suite], machine: Mapping[str, object], path: Path) -> None:
    """Writes all figures as JSON."""
    document = {
        "machine": dict(machine),
        "suites": [
            {
                "title": suite.title,
                "ours": suite.ours,
                "peer": suite.peer,
                "others": suite.others,
                "figures": [
                    {**asdict(figure), "compared": figure.compared, "passed": figure.passed} for figure in suite.figures
                ],
            }
            for suite in suites
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")
