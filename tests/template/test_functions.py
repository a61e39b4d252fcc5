"""Functions, their URLs, layer and logs in the transformed template."""

from typing import Any

import pytest

type Resources = dict[str, dict[str, Any]]


def of_alias(resources: Resources, kind: str, function: str, key: str) -> list[dict[str, Any]]:
    """The properties of the resources of a kind whose `key` refers to the function's alias."""
    return [
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == kind and resource["Properties"][key] == {"Ref": f"{function}Aliaslive"}
    ]


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_function_runs_python_313_on_the_chosen_processor(
    resources: Resources, resolve: Any, function: str, architecture: str
) -> None:
    properties = resolve(resources[function]["Properties"], Architecture=architecture)
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == [architecture]
    assert properties["TracingConfig"] == {"Mode": "Active"}


def test_processor_is_arm64_unless_told(resources: Resources, resolve: Any, function: str) -> None:
    assert resolve(resources[function]["Properties"]["Architectures"]) == ["arm64"]


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_layer_fits_the_functions(
    template: dict[str, Any], resources: Resources, resolve: Any, function: str, architecture: str
) -> None:
    (layer,) = (name for name, resource in resources.items() if resource["Type"] == "AWS::Lambda::LayerVersion")
    properties = resolve(resources[layer]["Properties"], Architecture=architecture)
    assert properties["CompatibleRuntimes"] == ["python3.13"]
    assert properties["CompatibleArchitectures"] == [architecture]
    metadata = template["Resources"]["CommonLayer"]["Metadata"]
    assert resolve(metadata, Architecture=architecture)["BuildArchitecture"] == architecture
    assert resources[function]["Properties"]["Layers"] == [{"Ref": layer}]


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_build_learns_the_processor_from_the_template(
    template: dict[str, Any], resolve: Any, architecture: str
) -> None:
    built = [r for r in template["Resources"].values() if "BuildMethod" in r.get("Metadata", {})]
    assert len(built) == 5
    for resource in built:
        metadata = resolve(resource["Metadata"], Architecture=architecture)
        assert metadata["BuildMethod"] == "makefile"
        assert metadata["WorkingDirectory"] == f"scripts/platforms/{architecture}"


@pytest.mark.parametrize(
    ("name", "mode"),
    [("StartFunction", "BUFFERED"), ("StreamFunction", "RESPONSE_STREAM"), ("HistoryFunction", "BUFFERED")],
)
def test_url_invoke_mode(resources: Resources, name: str, mode: str) -> None:
    (url,) = of_alias(resources, "AWS::Lambda::Url", name, "TargetFunctionArn")
    assert url["InvokeMode"] == mode
    assert url["AuthType"] == "NONE"


def test_anyone_may_call_the_url_and_only_the_url(resources: Resources, called_function: str) -> None:
    permissions = of_alias(resources, "AWS::Lambda::Permission", called_function, "FunctionName")
    anyone = {"FunctionName": {"Ref": f"{called_function}Aliaslive"}, "Principal": "*"}
    assert sorted(permissions, key=lambda permission: len(permission["Action"])) == [
        {**anyone, "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
        {**anyone, "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
    ]


def test_each_path_belongs_to_one_function(template: dict[str, Any]) -> None:
    paths = {name: resource.get("Metadata", {}).get("Paths") for name, resource in template["Resources"].items()}
    assert {name: value for name, value in paths.items() if value} == {
        "StartFunction": ["/chat/start", "/chat/stop"],
        "StreamFunction": ["/chat/stream"],
        "HistoryFunction": ["/chat/history", "/chat/models"],
    }


def test_only_the_stream_function_runs_on_lambda_asgi(variables: dict[str, dict[str, Any]]) -> None:
    wrappers = {name: values.get("AWS_LAMBDA_EXEC_WRAPPER") for name, values in variables.items()}
    assert {name for name, wrapper in wrappers.items() if wrapper} == {"StreamFunction"}


def test_stream_may_last_as_long_as_lambda_allows(resources: Resources, resolve: Any) -> None:
    timeout = resources["StreamFunction"]["Properties"]["Timeout"]
    assert resolve(timeout, StreamTimeout="900") == "900"


@pytest.mark.parametrize("name", ["StartFunction", "HistoryFunction"])
def test_buffered_functions_give_up_early(resources: Resources, name: str) -> None:
    assert 10 <= resources[name]["Properties"]["Timeout"] <= 15


def test_logs_go_to_a_group_of_the_stack_that_forgets(resources: Resources, resolve: Any, function: str) -> None:
    group = resources[resources[function]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]]
    assert group["Type"] == "AWS::Logs::LogGroup"
    assert resolve(group["Properties"]["RetentionInDays"], LogRetentionDays="7") == "7"


def test_functions_share_no_log_group_and_no_role(resources: Resources) -> None:
    functions = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::Lambda::Function"]
    assert len({str(properties["LoggingConfig"]) for properties in functions}) == len(functions) == 4
    assert len({str(properties["Role"]) for properties in functions}) == len(functions)
