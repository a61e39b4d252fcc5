"""Parses the query of a SEARCH expression: a schema, and terms that must all match.

Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html. Supports the subset that
the template uses: quoted terms, which match whole names and values, joined by an implied AND.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SCHEMA = re.compile(r'\{\s*((?:"[^"]*"|[\w.-]+)(?:\s*,\s*(?:"[^"]*"|[\w.-]+))*)\s*\}')
_TERM = re.compile(r'(?:(?P<key>[\w.-]+)=)?"(?P<value>[^"]*)"')


class SearchError(ValueError):
    """An invalid or unsupported query; the message quotes it."""


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed query; None matches anything. `terms` are pairs of name (None if not given) and value."""

    namespace: str | None
    dimension_names: tuple[str, ...] | None
    metric: str | None
    terms: tuple[tuple[str | None, str], ...]

    def fits(self, dimensions: Mapping[str, str]) -> bool:
        """True if the dimensions match all terms; the caller has matched namespace and name."""
        return all(
            value in dimensions.values() if key is None else dimensions.get(key) == value for key, value in self.terms
        )


def parse_search(query: str) -> Search:
    """Parses the text between SEARCH's single quotes.

    Raises:
        SearchError: the query is invalid or not supported.
    """
    namespace: str | None = None
    names: tuple[str, ...] | None = None
    rest = query.strip()
    if (schema := _SCHEMA.match(rest)) is not None:
        namespace, *dimensions = (part.strip().strip('"') for part in schema[1].split(","))
        names, rest = tuple(dimensions), rest[schema.end() :]
    terms = _terms(query, rest)
    namespace = namespace or _only(query, terms, "Namespace")
    metric = _only(query, terms, "MetricName")
    others = tuple((key, value) for key, value in terms if key not in {"Namespace", "MetricName"})
    return Search(namespace, names, metric, others)


def _terms(query: str, text: str) -> Sequence[tuple[str | None, str]]:
    if _TERM.sub("", text).strip():
        raise SearchError(f"Invalid SEARCH query: {query}")
    return [(match["key"], match["value"]) for match in _TERM.finditer(text)]


def _only(query: str, terms: Sequence[tuple[str | None, str]], name: str) -> str | None:
    values = [value for key, value in terms if key == name]
    if len(values) > 1:
        raise SearchError(f"SEARCH names {name} twice: {query}")
    return values[0] if values else None
