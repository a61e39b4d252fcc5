"""The common interface of the two wire formats."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A request, independent of the format. `prompts` are the user's messages, oldest first."""

    model: str
    prompts: tuple[str, ...]
    max_tokens: int | None
    stream: bool
    include_usage: bool
    input_tokens: int


class Wire(Protocol):
    """Writes one answer in a provider's format."""

    def opening(self) -> bytes:
        """The bytes before the first token."""

    def token(self, text: str) -> bytes: ...

    def malformed(self) -> bytes:
        """An event whose data is not JSON."""

    def error_event(self) -> bytes:
        """The provider's error event in the middle of a stream."""

    def ending(self, *, finish: str, output_tokens: int) -> bytes:
        """The final bytes; `finish` is stop, length or content_filter."""

    def whole(self, *, text: str, finish: str, output_tokens: int) -> dict[str, object]:
        """The body of a response that is not streamed."""


def compact(value: object) -> bytes:
    """Compact JSON in ASCII, so lone surrogates are escaped."""
    return json.dumps(value, separators=(",", ":")).encode()


def text_of(content: object) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""
