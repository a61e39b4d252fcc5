"""Events in an order and of shapes that the providers do not document."""

from typing import Any

from chat_stream.providers.port import Finish
from fakes.providers.fixtures import Connect, Listen
from fakes.providers.hostile import Outcome, Row, done, failed, outcome_of, table
from fakes.providers.wires import ANTHROPIC, OPENAI, USAGE, Wire, event, whole


def chunks(*between: bytes) -> list[bytes]:
    """OpenAI's answer with other events in its middle."""
    return [OPENAI.opening(), OPENAI.token("Hel"), *between, OPENAI.token("lo"), OPENAI.finish(), OPENAI.end()]


def openai(name: str, *between: bytes, expected: Outcome | None = None) -> Row:
    return Row(name, lambda _: chunks(*between), expected or done(), wires=["openai"])


def anthropic(name: str, *between: bytes, expected: Outcome | None = None) -> Row:
    def parts(wire: Wire) -> list[bytes]:
        return [wire.opening(), wire.token("Hel"), *between, wire.token("lo"), wire.finish(), wire.end()]

    return Row(name, parts, expected or done(), wires=["anthropic"])


def choice(**more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": "?"}, **more}]}


BAD = failed("bad_response", "Hel")
OTHER = done(finish=Finish("other", USAGE))

ROWS = [
    openai("no-choices", event({"id": "chatcmpl-1"})),
    openai("empty-choices", event({"choices": []})),
    openai("null-choices", event({"choices": None})),
    openai("choices-of-another-type", event({"choices": {"index": 0}}), expected=BAD),
    openai("null-choice", event({"choices": [None]}), expected=BAD),
    openai("null-delta", event(choice(delta=None))),
    openai("no-delta", event({"choices": [{"index": 0}]})),
    openai("delta-of-another-type", event(choice(delta="text")), expected=BAD),
    openai("null-content", event(choice(delta={"content": None, "role": "assistant"}))),
    openai("content-parts", event(choice(delta={"content": [{"type": "text", "text": "?"}]})), expected=BAD),
    openai("number-as-content", event(choice(delta={"content": 5})), expected=BAD),
    openai("second-choice", event(choice(index=1)), event(choice(index=1, finish_reason="length"))),
    openai("second-choice-beside-the-first", event({"choices": [choice(index=1)["choices"][0], {"index": 0}]})),
    openai("choice-without-index", event({"choices": [{"delta": {"content": "l"}}]}), expected=done("Helllo")),
    openai("tool-calls", event(choice(delta={"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}))),
    openai("empty-finish-reason", event(choice(delta={}, finish_reason=""))),
    Row(
        "finish-twice",
        lambda _: [OPENAI.token("Hello"), OPENAI.finish_alone(), OPENAI.finish("length")],
        done(),
        wires=["openai"],
    ),
    Row(
        "finish-of-another-type",
        lambda _: [OPENAI.token("Hello"), OPENAI.finish_alone({"reason": ["stop"]}), OPENAI.usage()],
        OTHER,
        wires=["openai"],
    ),
    Row(
        "text-in-the-finish",
        lambda _: [OPENAI.token("Hel"), OPENAI.choice({"content": "lo"}, finish_reason="stop"), OPENAI.usage()],
        done(),
        wires=["openai"],
    ),
    Row("text-after-the-finish", lambda w: [w.opening(), w.token("Hello"), w.finish(), w.token("?"), w.end()], done()),
    Row("text-after-the-end", lambda w: [whole(w, "Hello") + w.token("?")], done()),
    Row("second-answer", lambda w: [whole(w, "Hello"), whole(w, "Bye")], done()),
    Row("second-answer-in-one-segment", lambda w: [whole(w, "Hello") * 2], done()),
    Row("nonsense-after-the-finish", lambda w: [w.opening(), w.token("Hello"), w.finish(), event("{")], done()),
    Row("nonsense-after-the-end", lambda w: [whole(w, "Hello") + b"data: {\n\n\xff\n\n"], done()),
    Row(
        "error-after-the-finish",
        lambda w: [w.opening(), w.token("Hello"), w.finish(), event({"error": {}}, "error")],
        done(),
    ),
    Row("no-opening", lambda w: [w.token("Hello") + w.finish(read=3)], done()),
    Row("no-text", lambda w: [w.opening() + w.finish() + w.end()], failed("empty")),
    Row("empty-tokens", lambda w: [whole(w, "", "")], failed("empty")),
    Row("filtered", lambda w: [w.opening() + w.finish("content_filter") + w.end()], failed("empty")),
    Row("unknown-finish", lambda w: [w.opening() + w.token("Hello") + w.finish("bored") + w.end()], OTHER),
    Row("finish-at-once", lambda w: [w.finish(read=3)], failed("empty")),
    anthropic("delta-without-text", ANTHROPIC.delta({"type": "text_delta"}), expected=BAD),
    anthropic("null-text", ANTHROPIC.delta({"type": "text_delta", "text": None}), expected=BAD),
    anthropic("number-as-text", ANTHROPIC.delta({"type": "text_delta", "text": 5}), expected=BAD),
    anthropic("delta-without-type", ANTHROPIC.delta({"text": "?"}), expected=BAD),
    anthropic("null-delta", ANTHROPIC.delta(None), expected=BAD),
    anthropic("null-block", ANTHROPIC.event("content_block_start", content_block=None), expected=BAD),
    anthropic("unknown-delta", ANTHROPIC.delta({"type": "new_delta", "text": "?"})),
    anthropic("thinking", ANTHROPIC.delta({"type": "thinking_delta", "thinking": "?"})),
    anthropic("tool-use", ANTHROPIC.delta({"type": "input_json_delta", "partial_json": "{"})),
    anthropic("type-of-another-type", event({"type": ["content_block_delta"]}, "content_block_delta")),
    anthropic("message-of-another-type", ANTHROPIC.event("message_start", message=[]), expected=BAD),
    anthropic("message-delta-without-delta", ANTHROPIC.event("message_delta"), expected=BAD),
    anthropic("message-delta-without-reason", ANTHROPIC.event("message_delta", delta={})),
    Row(
        "stop-reason-of-another-type",
        lambda _: [
            ANTHROPIC.opening(),
            ANTHROPIC.token("Hello"),
            ANTHROPIC.finish_alone(["end_turn"]),
            ANTHROPIC.end(),
        ],
        OTHER,
        wires=["anthropic"],
    ),
    Row(
        "stop-reason-twice",
        lambda _: [ANTHROPIC.opening(), ANTHROPIC.token("Hello"), ANTHROPIC.finish(), ANTHROPIC.finish("length")],
        done(),
        wires=["anthropic"],
    ),
    Row(
        "no-stop-reason",
        lambda _: [ANTHROPIC.opening(), ANTHROPIC.token("Hel"), ANTHROPIC.finish_alone(None), ANTHROPIC.end()],
        failed("interrupted", "Hel"),
        wires=["anthropic"],
    ),
    Row(
        "text-in-a-block's-start",
        lambda w: [
            ANTHROPIC.start(),
            ANTHROPIC.event("content_block_start", index=0, content_block={"type": "text", "text": "Hel"}),
            w.token("lo"),
            w.finish(),
        ],
        done(),
        wires=["anthropic"],
    ),
]


@table(ROWS)
async def test_answer_of_odd_events(row: Row, wire: Wire, connect: Connect, listen: Listen) -> None:
    assert await outcome_of(row, wire, connect, listen) == row.expected
