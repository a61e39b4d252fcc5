"""docs/api.md documents every error code and every field, and none that does not exist."""

import re
from collections.abc import Iterator

from chat.catalog import load_catalog
from chat.users import Tier
from chat_stream.providers.errors import _SENTENCES
from documents import ROOT, section

API = "docs/api.md"
UNUSED = {"forbidden", "too_many_requests"}
"""Defaults that every raise site replaces with its own code."""
_CODE = re.compile(r"\b(?:(?:default_)?code ?= ?|Failure\(\s*)\"([a-z_]+)\"")
_FIELD = re.compile(r'^        "(\w+)": ', re.MULTILINE)


def rows(markdown: str) -> Iterator[list[str]]:
    """The cells of the tables' rows."""
    for line in markdown.splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def source() -> str:
    folders = ("functions", "layers/common/chat")
    return "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py"))


def documented_codes() -> set[str]:
    problems = [row for row in rows(section(API, "Problem documents")) if row[0].isdigit()]
    events = {row[0].strip("`") for row in rows(section(API, "`GET /chat/stream`")) if row[1] in {"yes", "no"}}
    return events | {code for row in problems for code in re.findall(r"`(\w+)`", row[1])}


def test_every_error_code_is_documented() -> None:
    codes = set(_CODE.findall(source())) | set(_SENTENCES)

    assert {"storage_unavailable", "session_not_found", "interrupted", "deadline_exceeded", "rate_limited"} <= codes
    assert codes - documented_codes() == UNUSED


def test_every_documented_error_code_exists() -> None:
    literals = set(re.findall(r'"([a-z_]+)"', source()))

    assert documented_codes() - literals == set()


def test_every_field_of_a_message_is_documented() -> None:
    fields = _FIELD.findall((ROOT / "functions/history/chat_history/wire.py").read_text(encoding="utf-8"))
    documented = set(re.findall(r"`(\w+)`", section(API, "`GET /chat/history`") + section(API, "`GET /chat/models`")))

    assert len(fields) > 20
    assert set(fields) <= documented


def test_tiers_are_as_in_the_catalogue() -> None:
    catalog = load_catalog()
    documented = {row[0]: row[1:] for row in rows(section(API, "`POST /chat/start`")) if row[0] in set(Tier)}

    for tier in Tier:
        models, limits = sum(tier.includes(model.tier) for model in catalog.models), catalog.limits_of(tier)
        assert documented[tier] == [f"{models}", f"{limits.requests_per_minute}", f"{limits.concurrent_streams}"]
