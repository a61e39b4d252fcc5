"""How slash commands are recognised."""

import pytest

from chat.commands import kind_of, unescape
from chat.messages import MessageKind


@pytest.mark.parametrize("prompt", ["/help", "/", "/ help", "/history 5", "/nothing of the kind"])
def test_one_slash_begins_a_command(prompt: str) -> None:
    assert kind_of(prompt) is MessageKind.COMMAND


@pytest.mark.parametrize("prompt", ["hello", "", " /help", "a/b", "//etc", "///"])
def test_anything_else_is_for_the_model(prompt: str) -> None:
    assert kind_of(prompt) is MessageKind.CHAT


@pytest.mark.parametrize(("prompt", "text"), [("//etc", "/etc"), ("///", "//"), ("hello", "hello"), ("a//b", "a//b")])
def test_two_slashes_stand_for_one(prompt: str, text: str) -> None:
    assert unescape(prompt) == text
