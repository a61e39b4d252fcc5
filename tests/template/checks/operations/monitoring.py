"""Dashboard, alarms and saved queries are well-formed and refer to existing metrics and logs."""

import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from chat.metrics.catalogue import Metric
from template.checks.operations.metrics import Reference, of_alarm, of_widget
from template.checks.stack import Stack, reference

AWS_METRICS = {
    "AWS/DynamoDB": "ConsumedReadCapacityUnits ConsumedWriteCapacityUnits ReadThrottleEvents WriteThrottleEvents "
    "ThrottledRequests SuccessfulRequestLatency SystemErrors UserErrors ReturnedItemCount TransactionConflict "
    "TimeToLiveDeletedItemCount ConditionalCheckFailedRequests",
    "AWS/ElastiCache": "BytesUsedForCache ElastiCacheProcessingUnits CacheHits CacheMisses CacheHitRate "
    "CurrConnections CurrItems Evictions ThrottledCmds NewConnections NetworkBytesIn NetworkBytesOut TotalCmdsCount "
    "SuccessfulReadRequestLatency SuccessfulWriteRequestLatency AuthenticationFailures CurrVolatileItems",
    "AWS/Lambda": "Invocations Errors Throttles Duration ConcurrentExecutions UrlRequestCount Url4xxCount Url5xxCount "
    "UrlRequestLatency DeadLetterErrors DestinationDeliveryFailures AsyncEventsReceived AsyncEventAge "
    "AsyncEventsDropped PostRuntimeExtensionsDuration UnreservedConcurrentExecutions ClaimedAccountConcurrency",
    "AWS/SQS": "ApproximateNumberOfMessagesVisible ApproximateAgeOfOldestMessage NumberOfMessagesSent "
    "NumberOfMessagesReceived",
    "AWS/Scheduler": "InvocationAttemptCount TargetErrorCount TargetErrorThrottledCount InvocationThrottleCount "
    "InvocationDroppedCount InvocationsSentToDeadLetterCount",
}
"""What AWS's services publish, as their guides list it."""

_COLUMNS = 24
_ABOUT = {"FunctionName": "AWS::Lambda::Function", "TableName": "AWS::DynamoDB::Table"}


def check_dashboard(stack: Stack) -> Iterator[str]:
    """Valid JSON without overlapping widgets, about published metrics."""
    dashboards = stack.of_type("AWS::CloudWatch::Dashboard")
    if not dashboards:
        yield "there is no dashboard"
    for name, properties in dashboards.items():
        try:
            body = json.loads(stack.value(properties["DashboardBody"]))
        except ValueError as error:
            yield f"{name} is not JSON: {error}"
            continue
        yield from _overlaps(name, body["widgets"])
        for widget in body["widgets"]:
            title = f"{name}, {widget.get('properties', {}).get('title', widget['type'])}"
            for item in of_widget(widget["properties"].get("metrics", [])):
                yield from (f"{title}: {problem}" for problem in _problems(stack, item))


def check_alarms(stack: Stack) -> Iterator[str]:
    """About published metrics; each has instructions and notifies the topic."""
    alarms = stack.of_type("AWS::CloudWatch::Alarm")
    if not alarms:
        yield "there are no alarms"
    for name, properties in alarms.items():
        for item in of_alarm(stack.value(properties)):
            yield from (f"{name}: {problem}" for problem in _problems(stack, item))
        if not properties.get("AlarmDescription"):
            yield f"{name} is not described"
        told = {reference(item) for item in properties.get("AlarmActions", [])}
        if not told <= stack.of_type("AWS::SNS::Topic").keys() or bool(told) != bool(
            stack.parameters.get("AlarmEmail")
        ):
            yield f"{name} tells {properties.get('AlarmActions')}"


def check_queries(stack: Stack) -> Iterator[str]:
    """About the functions' logs."""
    groups = stack.of_type("AWS::Logs::LogGroup")
    queries = stack.of_type("AWS::Logs::QueryDefinition")
    if not queries:
        yield "there are no saved queries"
    for name, properties in queries.items():
        asked = [reference(item) for item in properties.get("LogGroupNames", [])]
        if not asked or not all(item in groups for item in asked):
            yield f"{name} asks {asked}"


def _overlaps(name: str, widgets: list[dict[str, Any]]) -> Iterator[str]:
    for widget in widgets:
        if widget["x"] + widget["width"] > _COLUMNS:
            yield f"{name}: a widget leaves the page: {widget}"
    for one, other in combinations(widgets, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        above = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        if not beside and not above:
            yield f"{name}: widgets lie on one another: {one} and {other}"


def _problems(stack: Stack, item: Reference) -> Iterator[str]:
    namespaces = {stack.variables(name).get("POWERTOOLS_METRICS_NAMESPACE") for name in stack.functions}
    if item.namespace in namespaces:
        yield from _own(item)
    elif item.name not in AWS_METRICS.get(item.namespace, "").split():
        yield f"nobody publishes {item.namespace} {item.name}"
    for dimension, value in item.dimensions.items():
        kind = _ABOUT.get(dimension)
        if kind is not None and value is not None and value not in stack.of_type(kind):
            yield f"{item.name}: there is no {dimension} {value}"


def _own(item: Reference) -> Iterator[str]:
    metric = {str(known): known for known in Metric}.get(item.name)
    if metric is None:
        yield f"no function publishes {item.name}"
        return
    if tuple(sorted(item.dimensions)) not in {tuple(sorted(dimensions)) for dimensions in metric.dimension_sets}:
        yield f"{item.name} is not published by {sorted(item.dimensions)}"
    service = item.dimensions.get("service")
    if service is not None and service not in metric.services:
        yield f"{service} does not publish {item.name}"
