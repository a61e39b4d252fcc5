"""Texts of any length in items of at most 400 KB.

A short text is stored unchanged. A longer one is compressed: the first 128 KB stay in the item itself, and the rest
goes into further items of 350 KB, the parts. `pack` and `unpack` do no I/O; `chat.dynamo.messages.parts` reads and
writes the parts.
"""

import zlib
from dataclasses import dataclass
from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.constants import BINARY, MAP, NUMBER, STRING
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from chat.ids import new_id

PLAIN_BYTES = 1024
"""Texts up to this size stay readable: DynamoDB bills writes by the KB, so compressing them would save nothing."""

HEAD_BYTES = 128 * 1024
"""The most compressed bytes in the item itself. A page of a Query (1 MB) so holds seven messages of any length, and a
reader with a size limit stops before it fetches the parts of a message that does not fit (`least_bytes`)."""

PART_BYTES = 350 * 1024
"""An item holds at most 400 KB, names and other attributes included."""


@dataclass(frozen=True, slots=True)
class PackedText:
    """A text as stored in its item: the text itself, or the head of its compressed form and the number of its parts."""

    text: str | None = None
    head: bytes = b""
    part_count: int = 0
    part_key: str = ""
    """Identifies this write of the text. The parts of other writes have other keys, so concurrent writes do not mix."""

    @property
    def least_bytes(self) -> int:
        """A lower bound of the text's size in UTF-8, known without its parts.

        zlib lengthens incompressible data by only a few bytes per 16 KB.
        """
        if self.text is not None:
            return len(self.text.encode())
        if not self.part_count:
            return 0
        return (len(self.head) + (self.part_count - 1) * PART_BYTES) * 99 // 100


def pack(text: str) -> tuple[PackedText, tuple[bytes, ...]]:
    """Splits `text` into the item's value and its parts. Lone surrogates, which UTF-8 lacks, become question marks."""
    data = text.encode("utf-8", "replace")
    if len(data) <= PLAIN_BYTES:
        return PackedText(text=data.decode()), ()
    packed = zlib.compress(data)
    parts = tuple(packed[at : at + PART_BYTES] for at in range(HEAD_BYTES, len(packed), PART_BYTES))
    part_key = new_id() if parts else ""
    return PackedText(head=packed[:HEAD_BYTES], part_count=len(parts), part_key=part_key), parts


def unpack(packed: PackedText, parts: tuple[bytes, ...] = ()) -> str:
    """The text that was packed; `parts` are all of its parts, in order."""
    if packed.text is not None:
        return packed.text
    return zlib.decompress(packed.head + b"".join(parts)).decode()


class PackedTextAttribute(Attribute[PackedText]):
    """A map: `{text}`, `{head}` or `{head, partCount, partKey}`."""

    attr_type = MAP

    def serialize(self, value: PackedText) -> dict[str, Any]:
        if value.text is not None:
            return {"text": {STRING: value.text}}
        fields: dict[str, Any] = {"head": {BINARY: value.head}}
        if value.part_count:
            fields |= {"partCount": {NUMBER: str(value.part_count)}, "partKey": {STRING: value.part_key}}
        return fields

    def deserialize(self, value: dict[str, Any]) -> PackedText:
        if "text" in value:
            return PackedText(text=value["text"][STRING])
        return PackedText(
            head=value["head"][BINARY],
            part_count=int(value.get("partCount", {NUMBER: "0"})[NUMBER]),
            part_key=value.get("partKey", {STRING: ""})[STRING],
        )


def set_text(attribute: PackedTextAttribute, packed: PackedText) -> Action:
    """`attribute.set(packed)` for DynamoDB's JSON: PynamoDB's `set` accepts only its own map types."""
    return Path(attribute).set({MAP: attribute.serialize(packed)})
