"""What the README says of the template is so, and nothing of the template is missing in it."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from chat.redis.settings import RedisSettings
from chat_cleanup.settings import CleanupSettings
from chat_history.settings import HistorySettings
from chat_start.settings import StartSettings
from chat_stream.settings import StreamSettings
from local_stack.sam.cloudformation import load

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEMPLATE = load(ROOT / "template.yaml")
_ROW = re.compile(r"^\| `(\w+)` \|([^|]*)\|", re.MULTILINE)


def section(title: str, level: int = 2) -> str:
    """A section with all below it."""
    match = re.search(
        rf"^{'#' * level} {re.escape(title)}\n(.*?)(?=^#{{1,{level}}} |\Z)", README, re.MULTILINE | re.DOTALL
    )
    assert match is not None, title
    return match[1]


def resources(kind: str) -> dict[str, Any]:
    return {name: each for name, each in TEMPLATE["Resources"].items() if each["Type"] == kind}


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_runbook_has_a_section_for_each_alarm_and_none_for_others() -> None:
    headings = re.findall(r"^#### (.+)$", section("Alarms", 3), re.MULTILINE)

    assert sorted(headings) == sorted(resources("AWS::CloudWatch::Alarm"))


@pytest.mark.parametrize("alarm", resources("AWS::CloudWatch::Alarm"))
def test_runbook_says_what_to_do(alarm: str) -> None:
    assert len(section(alarm, 4).split()) >= 15


def test_alarms_point_to_the_runbook() -> None:
    for name, alarm in resources("AWS::CloudWatch::Alarm").items():
        assert "README.md#operate" in str(alarm["Properties"]["AlarmDescription"]), name


def test_table_has_each_parameter_with_its_default() -> None:
    rows = dict(_ROW.findall(section("Parameters", 3)))

    assert set(rows) == set(TEMPLATE["Parameters"])
    for name, said in rows.items():
        default = str(TEMPLATE["Parameters"][name].get("Default", ""))
        assert said.strip().strip("`") == ("a short one" if name == "SystemPrompt" else default), name


def test_saved_queries_are_named() -> None:
    for query in resources("AWS::Logs::QueryDefinition").values():
        name = query["Properties"]["Name"]["Fn::Sub"].rpartition("/")[2]
        assert f"`{name}`" in section("Operate"), name


def test_outputs_that_are_named_exist() -> None:
    named = set(re.findall(r"<(\w+(?:Url|Arn|Name))>", README))

    assert {"StartUrl", "StreamUrl", "HistoryUrl", "UsersTableName"} <= named
    assert named <= set(TEMPLATE["Outputs"])


def test_links_lead_somewhere() -> None:
    headings = {anchor(heading) for heading in re.findall(r"^#{1,6} (.+)$", README, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)\s]+)\)", README):
        file, _, fragment = target.partition("#")
        if "://" in target:
            continue
        assert not file or (ROOT / file).exists(), target
        assert file or fragment in headings, target


def test_resources_that_are_named_exist() -> None:
    named = set(re.findall(r"`((?:Cleanup|Chats|Users|Auth|Redis|Provider)\w*(?:Table|Secret|Letters))`", README))

    assert named
    assert named <= set(TEMPLATE["Resources"])


def test_scripts_that_are_named_exist() -> None:
    for name in set(re.findall(r"\bscripts/([\w.]+)", README)):
        assert (ROOT / "scripts" / name).exists(), name
    targets = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(re.findall(r"`[^`\n]+`|```sh.*?```", README, re.DOTALL))))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in targets:
        assert f"\n{target}:" in makefile, target


def test_settings_are_all_named() -> None:
    classes: list[type[BaseModel]] = [StartSettings, StreamSettings, HistorySettings, CleanupSettings, RedisSettings]
    fields = {name.upper() for each in classes for name in each.model_fields}

    assert fields - set(re.findall(r"`([A-Z_]+)`", section("Settings"))) == set()
