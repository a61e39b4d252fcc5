"""Single events of the two wire formats, for servers that misbehave."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from chat.messages import Usage

USAGE = Usage(3, 2)
"""What the wires tell, unless a test says otherwise."""


def event(data: Any, name: str = "") -> bytes:
    """One event; `data` is JSON, or text as it is."""
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "").encode() + b"data: " + text.encode() + b"\n\n"


class Wire(Protocol):
    """One wire format."""

    @property
    def name(self) -> str: ...

    def opening(self) -> bytes: ...

    def token(self, text: str) -> bytes: ...

    def finish(self, reason: str = "stop", **usage: Any) -> bytes:
        """The finish, and the usage: by default `USAGE`; a count may be anything, and ... leaves it out."""

    def end(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class OpenAIWire:
    """Chat completions."""

    name: str = "openai"

    def opening(self) -> bytes:
        return self.choice({"role": "assistant", "content": "", "refusal": None})

    def token(self, text: str) -> bytes:
        return self.choice({"content": text})

    def finish(self, reason: str = "stop", **usage: Any) -> bytes:
        return self.finish_alone(reason) + self.usage(**usage)

    def end(self) -> bytes:
        return b"data: [DONE]\n\n"

    def choice(self, delta: Any, **more: Any) -> bytes:
        return event({"choices": [{"index": 0, "delta": delta, "finish_reason": None, **more}]})

    def finish_alone(self, reason: Any = "stop") -> bytes:
        return self.choice({}, finish_reason=reason)

    def usage(self, *, read: Any = 3, written: Any = 2, **more: Any) -> bytes:
        return event({"choices": [], "usage": _told({"prompt_tokens": read, "completion_tokens": written, **more})})


@dataclass(frozen=True, slots=True)
class AnthropicWire:
    """Messages."""

    name: str = "anthropic"

    def opening(self) -> bytes:
        return self.start() + self.event("content_block_start", index=0, content_block={"type": "text", "text": ""})

    def token(self, text: str) -> bytes:
        return self.delta({"type": "text_delta", "text": text})

    def finish(self, reason: str = "stop", **usage: Any) -> bytes:
        return self.event("content_block_stop", index=0) + self.finish_alone(reason, **usage)

    def end(self) -> bytes:
        return self.event("message_stop")

    def start(self, **usage: Any) -> bytes:
        counts = {"input_tokens": 3, "output_tokens": 1, "service_tier": "standard", **usage}
        return self.event("message_start", message={"id": "msg_1", "content": [], "usage": _told(counts)})

    def delta(self, delta: Any) -> bytes:
        return self.event("content_block_delta", index=0, delta=delta)

    def finish_alone(self, reason: Any = "stop", *, read: Any = ..., written: Any = 2, **more: Any) -> bytes:
        stop_reason = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
        known = stop_reason.get(reason, reason) if isinstance(reason, str) else reason
        usage = _told({"input_tokens": read, "output_tokens": written, **more})
        return self.event("message_delta", delta={"stop_reason": known, "stop_sequence": None}, usage=usage)

    def event(self, kind: str, **data: Any) -> bytes:
        return event({"type": kind, **data}, kind)


def _told(counts: dict[str, Any]) -> dict[str, Any]:
    return {name: count for name, count in counts.items() if count is not ...}


OPENAI = OpenAIWire()
ANTHROPIC = AnthropicWire()
WIRES: dict[str, Wire] = {"openai": OPENAI, "anthropic": ANTHROPIC}


def whole(wire: Wire, *texts: str) -> bytes:
    """A good answer; its `Finish` is `stop` with `USAGE`."""
    return wire.opening() + b"".join(map(wire.token, texts)) + wire.finish() + wire.end()
