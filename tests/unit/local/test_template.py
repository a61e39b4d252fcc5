"""The local stack's reading of templates."""

from pathlib import Path
from typing import Any

import pytest

from local_stack.sam.cloudformation import Resolver, TemplateError, load
from local_stack.sam.template import ScheduleSpec, read_template

ROOT = Path(__file__).resolve().parents[3]

DOCUMENT: dict[str, Any] = {
    "Parameters": {
        "Name": {"Type": "String", "Default": "x"},
        "Origins": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "Needed": {"Type": "String"},
    },
    "Conditions": {
        "IsX": {"Fn::Equals": [{"Ref": "Name"}, "x"]},
        "IsNot": {"Fn::Not": [{"Condition": "IsX"}]},
        "Either": {"Fn::Or": [{"Condition": "IsNot"}, {"Condition": "IsX"}]},
        "Both": {"Fn::And": [{"Condition": "IsNot"}, {"Condition": "IsX"}]},
    },
    "Mappings": {"Sizes": {"x": {"Memory": 512}}},
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
        "Named": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "${Name}-table"}}},
    },
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Name"}, "x"),
        ({"Ref": "Origins"}, ["a", "b"]),
        ({"Ref": "Needed"}, ""),
        ({"Ref": "Table"}, "Table"),
        ({"Ref": "Named"}, "x-table"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "arn:aws:local:us-east-1:123456789012:Table"),
        ({"Fn::Sub": "${Name} ${Table.Arn} ${!Name}"}, "x arn:aws:local:us-east-1:123456789012:Table ${Name}"),
        ({"Fn::Sub": ["${Own}-${Name}", {"Own": {"Ref": "Name"}}]}, "x-x"),
        ({"Fn::If": ["IsX", {"Ref": "Name"}, "no"]}, "x"),
        ({"Fn::If": ["Both", 1, {"Fn::If": ["Either", 2, 3]}]}, 2),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}]}, {"b": [1]}),
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}, True]]}, "a-x-true"),
        ({"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Name"}, "Memory"]}, 512),
        ({"Fn::Select": [1, {"Fn::Cidr": ["10.0.0.0/22", 4, 8]}]}, "10.0.1.0/24"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "us-east-1a"),
        (
            {"Fn::Sub": "rediss://${Cache.Endpoint.Address}:${Cache.Endpoint.Port}"},
            "rediss://Cache.Endpoint.Address:6379",
        ),
        ({"Fn::GetAtt": ["Cache", "ARN"]}, "arn:aws:local:us-east-1:123456789012:Cache"),
    ],
)
def test_reference_is_resolved(value: object, expected: object) -> None:
    assert Resolver(DOCUMENT).resolve(value) == expected


def test_parameters_take_the_place_of_defaults() -> None:
    resolver = Resolver(DOCUMENT, {"Name": "y", "Needed": "given"})

    assert resolver.resolve([{"Ref": "Needed"}, {"Fn::If": ["IsX", 1, 2]}]) == ["given", 2]


@pytest.mark.parametrize("value", [{"Ref": "Nowhere"}, {"Fn::Base64": "x"}, {"Fn::If": ["Unknown", 1, 2]}])
def test_reference_to_nothing_is_an_error(value: object) -> None:
    with pytest.raises(TemplateError):
        Resolver(DOCUMENT).resolve(value)


def write(folder: Path, text: str) -> Path:
    (folder / "code").mkdir()
    template = folder / "template.yaml"
    template.write_text(text)
    return template


def test_short_tags_are_long_forms(tmp_path: Path) -> None:
    text = "Resources: {A: !GetAtt B.C.Arn, D: !If [E, !Ref F, !Sub 'x'], G: !Condition H}"

    assert load(write(tmp_path, text))["Resources"] == {
        "A": {"Fn::GetAtt": ["B", "C.Arn"]},
        "D": {"Fn::If": ["E", {"Ref": "F"}, {"Fn::Sub": "x"}]},
        "G": {"Condition": "H"},
    }


@pytest.mark.parametrize("text", ["Resources: [", "just text", "Resources:", "Resources: {A: 1"])
def test_invalid_template_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(TemplateError):
        load(write(tmp_path, text))


FUNCTION = """
Globals:
  Function: {Timeout: 7, Environment: {Variables: {A: 1, B: true}}}
Resources:
  Gone: {Type: "AWS::Serverless::Function", Condition: Never}
  Tick:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: a.b
      Environment: {Variables: {B: "own"}}
      Events:
        Often: {Type: Schedule, Properties: {Schedule: rate(5 minutes)}}
        Newer: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 hour), Input: '{"a":1}'}}
        Off: {Type: Schedule, Properties: {Schedule: rate(1 day), Enabled: false}}
        OffToo: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day), State: DISABLED}}
        Other: {Type: SQS, Properties: {}}
Conditions: {Never: !Equals [a, b]}
"""


def test_function_has_globals_beneath_its_own(tmp_path: Path) -> None:
    (function,) = read_template(write(tmp_path, FUNCTION)).functions

    assert function.environment == {"A": "1", "B": "own"}
    assert (function.timeout_seconds, function.memory_mb) == (7, 128)
    assert function.url is None
    assert function.code == (tmp_path / "code").resolve()
    assert function.schedules == (
        ScheduleSpec("Often", "rate(5 minutes)"),
        ScheduleSpec("Newer", "rate(1 hour)", '{"a":1}'),
    )


@pytest.mark.parametrize(("cut", "told"), [("Handler: a.b", "Handler"), ("CodeUri: code", "CodeUri")])
def test_function_without_what_it_needs_is_an_error(tmp_path: Path, cut: str, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        read_template(write(tmp_path, FUNCTION.replace(cut, "")))


def test_missing_code_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="does not exist"):
        read_template(write(tmp_path, FUNCTION.replace("CodeUri: code", "CodeUri: nowhere")))


def test_projects_template_is_read_whole() -> None:
    template = read_template(ROOT / "template.yaml")
    functions = {function.name: function for function in template.functions}

    assert functions["StreamFunction"].streams
    assert functions["StreamFunction"].layers == (ROOT / "layers/common",)
    assert "/chat/stream" in functions["StreamFunction"].paths
    assert functions["StartFunction"].environment["SESSIONS_TABLE"] in {table.name for table in template.tables}
    url = functions["StartFunction"].url
    assert url is not None
    assert url.cors is not None
    assert url.cors.allow_origins == ("*",)
    assert not url.cors.allow_credentials


@pytest.mark.parametrize("mode", ["none", "external", "elasticache"])
def test_projects_template_is_read_in_each_mode_of_redis(mode: str) -> None:
    template = read_template(ROOT / "template.yaml", {"CacheMode": mode, "Environment": "prod"})
    told = {name for function in template.functions for name in function.environment if name.startswith("REDIS_")}
    assert len(template.functions) == 4
    assert (
        told
        == {
            "none": set(),
            "external": {"REDIS_URL_SECRET_ARN", "REDIS_CLUSTER"},
            "elasticache": {"REDIS_URL", "REDIS_CLUSTER", "REDIS_IAM_USER", "REDIS_CACHE_NAME"},
        }[mode]
    )
