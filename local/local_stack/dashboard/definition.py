"""The template's dashboard and alarms as typed values.

Sources: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html and
docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_stack.dashboard.graph import Entry, ExpressionEntry, LineStyle, MetricEntry
from local_stack.sam.cloudformation import Resolver, TemplateError, load

_DEFAULT_PERIOD = 300


@dataclass(frozen=True, slots=True)
class WidgetPlace:
    """Position and size on a grid of 24 columns."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Widget:
    """One widget; `properties` are CloudWatch's, `entries` those of a metric widget."""

    kind: str
    place: WidgetPlace
    properties: Mapping[str, Any]
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm; it goes off when `needed` of the last `periods` values breach `threshold`."""

    name: str
    description: str
    entries: tuple[Entry, ...]
    period: int
    periods: int
    needed: int
    comparison: str
    threshold: float
    missing: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Widgets, and the alarms by ARN, as widgets reference them."""

    widgets: tuple[Widget, ...] = ()
    alarms: Mapping[str, Alarm] | None = None


def read_dashboard(path: Path, parameters: Mapping[str, str] | None = None) -> Dashboard:
    """The first dashboard of a template and all alarms; no widgets if the template has no dashboard.

    Raises:
        TemplateError: the template cannot be read, or the dashboard's body is invalid.
    """
    document = load(path)
    resolver = Resolver(document, parameters)
    bodies, alarms = [], {}
    for name, resource in document["Resources"].items():
        if resource.get("Type") == "AWS::CloudWatch::Dashboard":
            bodies.append(resolver.resolve(resource["Properties"]["DashboardBody"]))
        elif resource.get("Type") == "AWS::CloudWatch::Alarm":
            arn = resolver.resolve({"Fn::GetAtt": [name, "Arn"]})
            alarms[arn] = _alarm(name, resolver.resolve(resource["Properties"]))
    return Dashboard(_widgets(bodies[0]) if bodies else (), alarms)


def _widgets(body: str) -> tuple[Widget, ...]:
    try:
        return tuple(_widget(widget) for widget in json.loads(body)["widgets"])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise TemplateError(f"The dashboard's body is invalid: {error!r}") from None


def _widget(widget: Mapping[str, Any]) -> Widget:
    place = WidgetPlace(*(int(widget[name]) for name in ("x", "y", "width", "height")))
    properties = widget["properties"]
    default = properties.get("stat", "Average")
    entries = tuple(_entry(items, default) for items in properties.get("metrics", ()))
    return Widget(widget["type"], place, properties, entries)


def _entry(items: Sequence[Any], default_statistic: str) -> Entry:
    """Parses an array: namespace, name, alternating dimension names and values, options; or options only."""
    options: Mapping[str, Any] = items[-1] if isinstance(items[-1], dict) else {}
    style = LineStyle(options.get("label", ""), options.get("color", ""), options.get("visible", True))
    identifier = options.get("id", "")
    if "expression" in options:
        return ExpressionEntry(identifier, options["expression"], style)
    names = [item for item in items if isinstance(item, str)]
    dimensions = dict(zip(names[2::2], names[3::2], strict=True))
    return MetricEntry(identifier, names[0], names[1], dimensions, options.get("stat", default_statistic), style)


def _alarm(name: str, properties: Mapping[str, Any]) -> Alarm:
    queries = properties.get("Metrics")
    entries = tuple(_queries(queries)) if queries else (_own_metric(properties),)
    periods = int(properties["EvaluationPeriods"])
    stats = [query["MetricStat"] for query in queries or () if "MetricStat" in query] or [properties]
    return Alarm(
        name=name,
        description=properties.get("AlarmDescription", ""),
        entries=entries,
        period=int(stats[0].get("Period", _DEFAULT_PERIOD)),
        periods=periods,
        needed=int(properties.get("DatapointsToAlarm", periods)),
        comparison=properties["ComparisonOperator"],
        threshold=float(properties["Threshold"]),
        missing=properties.get("TreatMissingData", "missing"),
    )


def _own_metric(properties: Mapping[str, Any]) -> MetricEntry:
    statistic = properties.get("ExtendedStatistic") or properties["Statistic"]
    return MetricEntry(
        "", properties["Namespace"], properties["MetricName"], _dimensions(properties.get("Dimensions", ())), statistic
    )


def _queries(queries: Sequence[Mapping[str, Any]]) -> Iterable[Entry]:
    for query in queries:
        style = LineStyle(query.get("Label", ""), visible=query.get("ReturnData", True))
        if "Expression" in query:
            yield ExpressionEntry(query["Id"], query["Expression"], style)
            continue
        metric, statistic = query["MetricStat"]["Metric"], query["MetricStat"]["Stat"]
        dimensions = _dimensions(metric.get("Dimensions", ()))
        yield MetricEntry(query["Id"], metric["Namespace"], metric["MetricName"], dimensions, statistic, style)


def _dimensions(items: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {item["Name"]: item["Value"] for item in items}
