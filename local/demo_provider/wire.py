"""What the two formats have in common."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, whatever its format. `prompts` are the user's messages, oldest first."""

    model: str
    prompts: tuple[str, ...]
    max_tokens: int | None
    stream: bool
    include_usage: bool
    input_tokens: int


class Wire(Protocol):
    """Writes one answer in a provider's format."""

    def opening(self) -> bytes:
        """What comes before the first token."""

    def token(self, text: str) -> bytes: ...

    def malformed(self) -> bytes:
        """An event whose data is not JSON."""

    def error_event(self) -> bytes:
        """The provider's own failure, in the middle of a stream."""

    def ending(self, *, finish: str, output_tokens: int) -> bytes:
        """`finish` is stop, length or content_filter."""

    def whole(self, *, text: str, finish: str, output_tokens: int) -> dict[str, object]:
        """The body of an answer that is not streamed."""


def compact(value: object) -> bytes:
    """JSON; what JSON must escape, and lone surrogates, are escaped."""
    return json.dumps(value, separators=(",", ":")).encode()


def text_of(content: object) -> str:
    """A message's content: a string, or parts of which the text ones count."""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""
