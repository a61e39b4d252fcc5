"""Counts the template's resources that have a monthly cost."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chat.metrics import Metric, Service
from local_stack.options import ROOT
from local_stack.sam.cloudformation import Resolver, load

FIVE_MINUTES_A_MONTH = 12 * 730
_ONLY_WITH_REDIS = {Metric.CACHE_ENTRIES, Metric.CACHE_MEMORY_BYTES, Metric.CACHE_HIT_RATE, Metric.CACHE_ERROR}
_FUNCTION = "AWS::Serverless::Function"


@dataclass(frozen=True, slots=True)
class Stack:
    """The template resolved with parameters."""

    resources: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, str]

    def count(self, kind: str) -> int:
        """The number of resources of a type."""
        return len(list(self._of(kind)))

    @property
    def alarm_metrics(self) -> int:
        """The number of metrics in all alarms; a metric counts once for each alarm."""
        alarms = self._of("AWS::CloudWatch::Alarm")
        return sum(
            len([each for each in alarm.get("Metrics", [{"MetricStat": 1}]) if "MetricStat" in each])
            for alarm in alarms
        )

    @property
    def snapshot_gb(self) -> float:
        """The memory of the functions with SnapStart."""
        return sum(
            float(function["MemorySize"]) / 1024
            for function in self._of(_FUNCTION)
            if function.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions"
        )

    def gb(self, function: str) -> float:
        """A function's memory in GB."""
        return float(self.resources[function]["MemorySize"]) / 1024

    @property
    def recovery(self) -> bool:
        """True if the chats have point-in-time recovery."""
        specification: Mapping[str, Any] = self.resources["ChatsTable"]["PointInTimeRecoverySpecification"]
        return bool(specification["PointInTimeRecoveryEnabled"])

    @property
    def redis(self) -> bool:
        return self.parameters["CacheMode"] != "none"

    def idle_metrics(self) -> int:
        """The number of metrics published while idle: the cleanup function's."""
        return len([metric for metric in self._published() if Service.CLEANUP in metric.services])

    def busy_metrics(self, models: int) -> int:
        """The maximum number of additional metrics while in use, including those of failures."""
        total = 0
        for metric in self._published():
            for service in set(metric.services) - {Service.CLEANUP}:
                total += 1 + (models if metric.by_model and service is Service.STREAM else 0)
        return total

    def _published(self) -> Iterable[Metric]:
        return (metric for metric in Metric if self.redis or metric not in _ONLY_WITH_REDIS)

    def _of(self, kind: str) -> Iterable[Mapping[str, Any]]:
        return (properties for properties in self.resources.values() if properties["Type"] == kind)


def read_stack(**parameters: str) -> Stack:
    """The project's template with these parameters; the others have their defaults."""
    document = _document()
    resolver = Resolver(document, {"JwtIssuer": "https://login.example.com/", **parameters})
    resources = {}
    for name, resource in document["Resources"].items():
        if "Condition" in resource and not resolver.resolve({"Condition": resource["Condition"]}):
            continue
        wanted = {key: resource.get("Properties", {}).get(key) for key in _PROPERTIES}
        resources[name] = {
            "Type": resource["Type"],
            **resolver.resolve({k: v for k, v in wanted.items() if v is not None}),
        }
    defaults = {name: str(each.get("Default", "")) for name, each in document["Parameters"].items()}
    return Stack(resources, defaults | parameters)


@functools.cache
def _document() -> Mapping[str, Any]:
    return load(ROOT / "template.yaml")


_PROPERTIES = ("MemorySize", "SnapStart", "Metrics", "PointInTimeRecoverySpecification")
"""The sections that affect costs; others may use intrinsic functions that need an account."""
