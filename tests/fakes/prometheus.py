"""Reads Prometheus text: https://prometheus.io/docs/instrumenting/exposition_formats/"""

import re
from dataclasses import dataclass

_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Samples:
    """The values of one moment, by name and labels."""

    values: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def __call__(self, name: str, **labels: str) -> float:
        """The value with exactly these labels; 0 if there is none."""
        return self.values.get((name, frozenset(labels.items())), 0.0)

    def with_label(self, name: str, label: str) -> dict[str, float]:
        """A metric's values summed by the given label."""
        found: dict[str, float] = {}
        for (sample, labels), value in self.values.items():
            if sample == name and (key := dict(labels).get(label)) is not None:
                found[key] = found.get(key, 0.0) + value
        return found

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.values}


def parse(text: str) -> Samples:
    """Every line that is no comment must be a sample."""
    values = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = _SAMPLE.fullmatch(line)
        assert match, line
        values[match[1], frozenset(_LABEL.findall(match[2] or ""))] = float(match[3])
    return Samples(values)
