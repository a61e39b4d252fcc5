"""The documents describe the template, the settings and the commands as they are, and omit none of them."""

import re
from typing import Any

import pytest
from pydantic import BaseModel

from chat.redis.settings import RedisSettings
from chat_cleanup.settings import CleanupSettings
from chat_history.settings import HistorySettings
from chat_start.settings import StartSettings
from chat_stream.providers.settings import ProviderSettings
from chat_stream.settings import StreamSettings
from documents import DOCUMENTS, ROOT, blocks, section, text
from local_stack.options import NAMES
from local_stack.sam.cloudformation import load

TEMPLATE = load(ROOT / "template.yaml")
_ROW = re.compile(r"^\| `(\w+)` \|([^|]*)\|", re.MULTILINE)
_SETTING = re.compile(r"^\| (`[^|]+`) \|([^|]*)\|", re.MULTILINE)
ALL = "\n".join(text(document) for document in DOCUMENTS if document != "CHANGELOG.md")


def resources(kind: str) -> dict[str, Any]:
    return {name: each for name, each in TEMPLATE["Resources"].items() if each["Type"] == kind}


def test_runbook_has_a_section_for_each_alarm_and_none_for_others() -> None:
    headings = re.findall(r"^### (.+)$", section("docs/operate.md", "Alarms"), re.MULTILINE)

    assert sorted(headings) == sorted(resources("AWS::CloudWatch::Alarm"))


@pytest.mark.parametrize("alarm", resources("AWS::CloudWatch::Alarm"))
def test_runbook_says_what_to_do(alarm: str) -> None:
    assert len(section("docs/operate.md", alarm).split()) >= 15


@pytest.mark.parametrize("alarm", resources("AWS::CloudWatch::Alarm"))
def test_alarm_points_to_its_section_of_the_runbook(alarm: str) -> None:
    description = str(TEMPLATE["Resources"][alarm]["Properties"]["AlarmDescription"])

    assert f"What to do: docs/operate.md#{alarm.lower()}" in description


def test_table_has_each_parameter_with_its_default() -> None:
    rows = dict(_ROW.findall(section("docs/deploy.md", "Parameters")))

    assert set(rows) == set(TEMPLATE["Parameters"])
    for name, said in rows.items():
        default = str(TEMPLATE["Parameters"][name].get("Default", ""))
        assert said.strip().strip("`") == ("a short one" if name == "SystemPrompt" else default), name


def test_saved_queries_are_named() -> None:
    for query in resources("AWS::Logs::QueryDefinition").values():
        name = query["Properties"]["Name"]["Fn::Sub"].rpartition("/")[2]
        assert f"`{name}`" in section("docs/operate.md", "Dashboard and logs"), name


def test_outputs_that_are_named_exist() -> None:
    named = set(re.findall(r"<(\w+(?:Url|Arn|Name))>", ALL))

    assert {"StartUrl", "StreamUrl", "HistoryUrl", "UsersTableName"} <= named
    assert named <= set(TEMPLATE["Outputs"])


def test_resources_that_are_named_exist() -> None:
    named = set(re.findall(r"`((?:Cleanup|Chats|Users|Auth|Redis|Provider)\w*(?:Table|Secret|Letters))`", ALL))

    assert named
    assert named <= set(TEMPLATE["Resources"])


def test_scripts_that_are_named_exist() -> None:
    for name in set(re.findall(r"\bscripts/([\w.]+)", ALL)):
        assert (ROOT / "scripts" / name).exists(), name


def test_make_targets_that_are_named_exist() -> None:
    code = "\n".join([*re.findall(r"`[^`\n]+`", ALL), *blocks(ALL, "sh")])
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in set(re.findall(r"\bmake ([a-z][a-z-]*)\b", code)):
        assert f"\n{target}:" in makefile, target


SETTINGS: list[type[BaseModel]] = [
    StartSettings,
    StreamSettings,
    HistorySettings,
    CleanupSettings,
    RedisSettings,
    ProviderSettings,
]
NO_VARIABLES = {"API_KEYS", "BASE_URLS"}
"""Fields that gather the variables of all providers."""


def documented(title: str) -> dict[str, str]:
    """The variables of a table of settings, each with what stands in the column of defaults for it."""
    found: dict[str, str] = {}
    for names, defaults in _SETTING.findall(section("docs/settings.md", title)):
        named = re.findall(r"`([A-Z_]+)`", names)
        values = [value.strip().strip("`") for value in defaults.split(",")]
        found |= dict(zip(named, values if len(values) == len(named) else values * len(named), strict=True))
    return found


def test_settings_are_all_documented_with_their_defaults() -> None:
    said = documented("Functions")

    for model in SETTINGS:
        for name, field in model.model_fields.items():
            variable = name.upper()
            if variable in NO_VARIABLES or variable == "AUTH_SECRET":
                continue
            default = "" if field.is_required() or field.default is None else str(field.default)
            expected = {
                "SYSTEM_PROMPT": "a short one",
                "TEMPERATURE": "none",
                "REDIS_CLUSTER": "false",
            }.get(variable, default.removesuffix(".0"))
            assert said[variable] == expected, variable


def test_own_variables_of_make_run_are_all_documented() -> None:
    assert set(NAMES) <= set(documented("The local stack"))
