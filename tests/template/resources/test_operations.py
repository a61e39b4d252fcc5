"""Dashboard, alarms and saved queries: complete, well-formed, and understood by the stack on one machine."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from artefacts.sam import ROOT
from artefacts.transformed import source_template
from chat.catalog import load_catalog
from chat.metrics import Metric, Service, fields
from local_stack.dashboard.definition import read_dashboard
from local_stack.dashboard.view import PERIODS, View
from local_stack.metrics.recorder import MetricsRecorder
from local_stack.metrics.time_series import statistic
from template.checks.operations.metrics import of_widget
from template.checks.operations.monitoring import AWS_METRICS
from template.checks.stack import Stack

CACHE_MODES = ("none", "external", "elasticache")
VIEWS = {"timeSeries", "singleValue"}
ALARM = "AWS::CloudWatch::Alarm"
LOG_FIELDS = {"@timestamp", "service", "level", "message", "provider", "model"}


def stack(**parameters: str) -> Stack:
    return Stack(source_template(), parameters)


def body(cache_mode: str) -> dict[str, Any]:
    made = stack(CacheMode=cache_mode)
    found: dict[str, Any] = json.loads(made.value(made.properties("Dashboard")["DashboardBody"]))
    return found


def metric_widgets(cache_mode: str) -> list[dict[str, Any]]:
    return [widget["properties"] for widget in body(cache_mode)["widgets"] if widget["type"] == "metric"]


def expressions(cache_mode: str) -> Iterator[str]:
    for properties in metric_widgets(cache_mode):
        yield from (line[-1]["expression"] for line in properties["metrics"] if "expression" in (line[-1] or {}))


def alarms(**parameters: str) -> Mapping[str, Mapping[str, Any]]:
    return stack(**parameters).of_type(ALARM)


@pytest.mark.parametrize("cache_mode", CACHE_MODES)
def test_widgets_are_well_formed(cache_mode: str) -> None:
    made = stack(CacheMode=cache_mode)
    text = made.transformed["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][0]
    assert text.count('"region": "${AWS::Region}"') == text.count('"type": "metric"')
    for properties in metric_widgets(cache_mode):
        assert properties["view"] in VIEWS
        assert properties["period"] in {60, 300}
        for line in properties["metrics"]:
            options = line[-1] if isinstance(line[-1], dict) else {}
            assert callable(statistic(options.get("stat", properties["stat"])))
            assert options.get("label") or not options.get("visible", True), line


@pytest.mark.parametrize("cache_mode", CACHE_MODES)
def test_titles_and_ids_are_said_once(cache_mode: str) -> None:
    titles = [properties["title"] for properties in metric_widgets(cache_mode)]
    assert len(set(titles)) == len(titles)
    for properties in metric_widgets(cache_mode):
        ids = [line[-1]["id"] for line in properties["metrics"] if "id" in line[-1]]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"[a-z]\w*", found) for found in ids)


def test_each_metric_of_the_catalogue_is_on_the_dashboard() -> None:
    shown = {
        (item.name, item.dimensions.get("service"))
        for properties in metric_widgets("none")
        for item in of_widget(properties["metrics"])
    }
    for metric in Metric:
        assert {name for name, _ in shown} >= {metric.value}
        if not metric.by_model:
            assert {service for name, service in shown if name == metric} >= set(metric.services), metric


def test_errors_are_shown_by_each_provider_of_the_catalogue() -> None:
    of_catalogue = {model.provider for model in load_catalog().models}
    for metric in (Metric.PROVIDER_ERROR, Metric.PROVIDER_RETRY):
        shown = [text for text in expressions("none") if f'MetricName="{metric}"' in text]
        assert {match[1] for text in shown if (match := re.search(r'provider="(\w+)"', text))} == of_catalogue


def test_elasticache_is_on_the_dashboard_of_stacks_that_have_one_only() -> None:
    """Its metrics are found by the cache's name, so nothing else can check what they are called."""
    searches = {
        mode: [re.findall(r'"([^"]*)"', text) for text in expressions(mode) if "AWS/ElastiCache" in text]
        for mode in CACHE_MODES
    }
    assert searches["none"] == searches["external"] == []
    for namespace, metric, cache in searches["elasticache"]:
        assert metric in AWS_METRICS[namespace].split()
        assert cache in stack(CacheMode="elasticache").of_type("AWS::ElastiCache::ServerlessCache")
    assert len(searches["elasticache"]) > len(CACHE_MODES)


@pytest.mark.parametrize("cache_mode", CACHE_MODES)
@pytest.mark.parametrize("seconds", PERIODS)
def test_the_stack_on_one_machine_understands_the_whole_dashboard(cache_mode: str, seconds: int) -> None:
    """Each function of metric math, each search, each alarm."""
    dashboard = read_dashboard(ROOT / "template.yaml", {"CacheMode": cache_mode})
    told = View(MetricsRecorder()).of(dashboard, seconds)
    assert [widget.get("title") for widget in told["widgets"]] == [
        widget["properties"].get("title") for widget in body(cache_mode)["widgets"]
    ]


def test_the_dashboard_shows_all_alarms() -> None:
    (shown,) = (widget["properties"]["alarms"] for widget in body("none")["widgets"] if widget["type"] == "alarm")
    assert [arn.rpartition(":")[2] for arn in shown] == list(dict.fromkeys(arn.rpartition(":")[2] for arn in shown))
    assert {arn.rpartition(":")[2] for arn in shown} == alarms().keys()


def test_each_function_has_an_alarm_for_its_errors() -> None:
    for function in stack().functions:
        properties = stack().value(alarms()[f"{function.removesuffix('Function')}ErrorsAlarm"])
        watched = [json.dumps(query) for query in properties.get("Metrics", [properties])]
        assert any('"Errors"' in query and f'"{function}"' in query for query in watched)


def test_missing_data_is_what_the_cleanups_alarm_is_about_and_no_other() -> None:
    missing = {name: properties["TreatMissingData"] for name, properties in alarms().items()}
    assert missing.pop("CleanupMissingAlarm") == "breaching"
    assert set(missing.values()) == {"notBreaching"}


def test_the_wait_that_rings_is_the_one_on_the_dashboard() -> None:
    (marked,) = (properties for properties in metric_widgets("none") if "annotations" in properties)
    made = stack(FirstTokenAlarmMs="1234")
    assert made.value(alarms(FirstTokenAlarmMs="1234")["FirstTokenAlarm"]["Threshold"]) == "1234"
    assert marked["annotations"]["horizontal"][0]["value"] == made.source["Parameters"]["FirstTokenAlarmMs"]["Default"]


def test_rates_ring_of_a_crowd_only() -> None:
    for name in ("FailedStreamsAlarm", "ProviderErrorsAlarm", "FirstTokenAlarm"):
        (rate,) = (query["Expression"] for query in alarms()[name]["Metrics"] if query.get("ReturnData", True))
        assert re.match(r"IF\(.* >= 10, .*, 0\)$", rate), name


def test_alarms_of_percentiles_ring_of_a_small_crowd_too() -> None:
    """With `ignore`, CloudWatch looks at no percentile of fewer than ten by the rest: 200 values for p95.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
    """
    for name, properties in alarms().items():
        assert not {"ExtendedStatistic", "EvaluateLowSampleCountPercentile"} & properties.keys(), name


def test_alarms_without_an_address_have_no_actions() -> None:
    without, told = stack(), stack(AlarmEmail="operator@example.com")
    assert without.of_type(ALARM).keys() == told.of_type(ALARM).keys()
    assert not any({"AlarmActions", "OKActions"} & properties.keys() for properties in alarms().values())
    for kind in ("AWS::SNS::Topic", "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::KMS::Key"):
        assert not without.of_type(kind)
        assert len(told.of_type(kind)) == 1


def test_address_is_notified_of_each_alarm_and_its_end() -> None:
    told = stack(AlarmEmail="operator@example.com")
    for name, properties in told.of_type(ALARM).items():
        assert properties["AlarmActions"] == properties["OKActions"] == [{"Ref": "AlarmTopic"}], name
    subscription = told.value(told.properties("AlarmSubscription"))
    assert subscription == {"TopicArn": "AlarmTopic", "Protocol": "email", "Endpoint": "operator@example.com"}


def test_cloudwatch_may_use_the_key_of_the_topic() -> None:
    """AWS's own key for SNS would let no alarm through."""
    told = stack(AlarmEmail="operator@example.com")
    assert told.properties("AlarmTopic")["KmsMasterKeyId"] == {"Ref": "AlarmKey"}
    key = told.properties("AlarmKey")
    (statement,) = (
        statement
        for statement in key["KeyPolicy"]["Statement"]
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    )
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    assert key["EnableKeyRotation"] is True


def test_cloudwatch_and_no_other_service_may_send_to_the_topic() -> None:
    policy = stack(AlarmEmail="operator@example.com").properties("AlarmTopicPolicy")["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert (statement["Action"], statement["Resource"]) == ("sns:Publish", {"Ref": "AlarmTopic"})
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_queries_are_in_the_stacks_folder() -> None:
    names = {stack().value(query["Name"]) for query in stack().of_type("AWS::Logs::QueryDefinition").values()}
    files = ("slow-streams", "errors-by-provider", "cost-by-model", "life-of-a-chat")
    assert names == {f"local/{name}" for name in files}


def test_queries_ask_for_fields_that_records_have() -> None:
    known = (
        LOG_FIELDS
        | set(Metric)
        | {value for name, value in vars(fields).items() if name.isupper() and isinstance(value, str)}
    )
    for name, query in stack().of_type("AWS::Logs::QueryDefinition").items():
        text = re.sub(r'"[^"]*"', "", query["QueryString"])
        made = set(re.findall(r"\bas (\w+)", text))
        dotted = set(re.findall(r"`([^`]+)`", text))
        words = set(re.findall(r"(?<![\w`.])@?[A-Za-z_]\w*(?![\w`.(])", re.sub(r"`[^`]+`", "", text)))
        commands = {"fields", "filter", "sort", "limit", "stats", "by", "as", "or", "and", "desc", "asc"}
        assert dotted | (words - commands - made) <= known, name
        assert dotted == {field for field in dotted if "." in field}


def test_one_chat_is_looked_for_in_the_logs_of_all_functions() -> None:
    groups = stack().properties("ChatQuery")["LogGroupNames"]
    used = [stack().properties(name)["LoggingConfig"]["LogGroup"] for name in stack().functions]
    assert groups == used
    assert f"`{fields.CONVERSATION_ID}`" in stack().properties("ChatQuery")["QueryString"]


def test_services_are_those_of_the_functions() -> None:
    services = {stack().variables(name)["POWERTOOLS_SERVICE_NAME"] for name in stack().functions}
    assert services == set(Service)
