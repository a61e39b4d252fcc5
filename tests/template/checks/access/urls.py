"""Function URLs: on the alias, open to all by literal configuration, and no more than that."""

from collections.abc import Iterator, Mapping
from typing import Any

from template.checks.stack import Stack, reference

ALIAS = "live"
_URL, _ALIAS, _PERMISSION = "AWS::Lambda::Url", "AWS::Lambda::Alias", "AWS::Lambda::Permission"


def check_aliases(stack: Stack) -> Iterator[str]:
    """Each function is reached by its alias, which follows each deployment."""
    aliases = stack.of_type(_ALIAS)
    for name, function in stack.functions.items():
        own = [item for item in aliases.values() if reference(item["FunctionName"]) == name]
        if [item["Name"] for item in own] != [ALIAS]:
            yield f"{name} has the aliases {[item['Name'] for item in own]}"
        properties = {**stack.source["Globals"]["Function"], **function["Properties"]}
        if properties.get("AutoPublishAliasAllProperties") is not True:
            yield f"{name} publishes no version when only its configuration changes"


def check_urls(stack: Stack) -> Iterator[str]:
    """SAM makes permissions for a literal AuthType only; the URL belongs to the alias."""
    for name, function in stack.functions.items():
        config = function["Properties"].get("FunctionUrlConfig")
        if config is None:
            continue
        if config.get("AuthType") != "NONE":
            yield f"{name}: AuthType is not the literal NONE but {config.get('AuthType')}"
        urls = [url for url in stack.of_type(_URL).values() if _function_of(stack, url["TargetFunctionArn"]) == name]
        if len(urls) != 1:
            yield f"{name} has {len(urls)} URLs on its alias"
        modes = {"StreamFunction": "RESPONSE_STREAM"}
        if [url.get("InvokeMode") for url in urls] != [modes.get(name, "BUFFERED")]:
            yield f"{name} answers {[url.get('InvokeMode') for url in urls]}"


def check_permissions(stack: Stack) -> Iterator[str]:
    """Anyone may call a URL, which takes two permissions on the alias, and nothing else is allowed."""
    wanted: list[Mapping[str, Any]] = [
        {"Principal": "*", "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
        {"Principal": "*", "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
    ]
    granted: dict[str, list[Mapping[str, Any]]] = {name: [] for name in stack.functions}
    for logical_id, permission in stack.of_type(_PERMISSION).items():
        function = _function_of(stack, permission["FunctionName"])
        if function is None:
            yield f"{logical_id} is not on an alias"
        else:
            granted[function].append({key: value for key, value in permission.items() if key != "FunctionName"})
    for name, function_ in stack.functions.items():
        expected = wanted if "FunctionUrlConfig" in function_["Properties"] else []
        if _sorted(granted[name]) != _sorted(expected):
            yield f"{name}: the permissions are {_sorted(granted[name])}"


def check_cors(stack: Stack) -> Iterator[str]:
    """With credentials no `*`: Lambda would answer with the caller's own origin, and any page could act for a user."""
    for name, url in stack.of_type(_URL).items():
        cors = stack.value(url.get("Cors", {}))
        if cors.get("AllowCredentials") is not ("*" not in cors.get("AllowOrigins", [])):
            yield f"{name}: origins {cors.get('AllowOrigins')}, credentials {cors.get('AllowCredentials')}"
        for key in ("AllowMethods", "AllowHeaders", "ExposeHeaders"):
            if not cors.get(key) or "*" in cors[key]:
                yield f"{name}: {key} is {cors.get(key)}, and with credentials browsers take a * literally"
        if "authorization" not in cors.get("AllowHeaders", []):
            yield f"{name}: a page may send no token"


def check_outputs(stack: Stack) -> Iterator[str]:
    """The operator learns each URL and table; nothing else of a secret than its ARN is shown (see `check_secrets`)."""
    values = [output["Value"] for output in stack.outputs.values()]
    for name in stack.of_type(_URL):
        if {"Fn::GetAtt": [name, "FunctionUrl"]} not in values:
            yield f"no output has the address of {name}"
    for name in stack.of_type("AWS::DynamoDB::Table"):
        if {"Ref": name} not in values:
            yield f"no output has the name of {name}"
    yield from (
        f"output {name} is not described" for name, item in stack.outputs.items() if not item.get("Description")
    )


def _function_of(stack: Stack, target: Any) -> str | None:
    alias = stack.of_type(_ALIAS).get(reference(target) or "")
    return reference(alias["FunctionName"]) if alias else None


def _sorted(permissions: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(permissions, key=lambda permission: str(permission["Action"]))
