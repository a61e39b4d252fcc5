"""Long texts in items: what stays in the item, what becomes parts, and that nothing is lost on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.dynamo.packing import HEAD_BYTES, PART_BYTES, PLAIN_BYTES, PackedTextAttribute, pack, unpack
from fakes.texts import noise

LIMIT_BYTES = 400 * 1024


def round_trip(text: str) -> str:
    packed, parts = pack(text)
    attribute = PackedTextAttribute()
    stored = attribute.deserialize(attribute.serialize(packed))
    return unpack(stored, parts)


@given(st.text())
def test_any_text_survives(text: str) -> None:
    assert round_trip(text) == text


@given(st.text(alphabet="a\0é🤖", min_size=PLAIN_BYTES // 4, max_size=PLAIN_BYTES * 2))
def test_texts_around_the_limit_survive(text: str) -> None:
    assert round_trip(text) == text


@pytest.mark.parametrize("characters", [50_000, 100_000, 500_000])
def test_what_does_not_compress_is_split(characters: int) -> None:
    text = noise(characters)
    packed, parts = pack(text)
    assert len(packed.head) == HEAD_BYTES
    assert 1 <= len(parts) == packed.part_count
    assert all(0 < len(part) <= PART_BYTES < LIMIT_BYTES for part in parts)
    assert round_trip(text) == text


def test_short_texts_stay_legible_and_long_ones_are_small() -> None:
    packed, parts = pack("x" * PLAIN_BYTES)
    assert (packed.text, parts) == ("x" * PLAIN_BYTES, ())
    packed, parts = pack("All work and no play. " * 10_000)
    assert (packed.text, packed.part_count, parts) == (None, 0, ())
    assert len(packed.head) < 4096


def test_two_writings_of_a_text_have_different_parts() -> None:
    text = noise(100_000)
    assert pack(text)[0].part_key != pack(text)[0].part_key


@pytest.mark.parametrize("padding", ["", "x" * PLAIN_BYTES])
def test_a_lone_surrogate_becomes_one_character(padding: str) -> None:
    assert round_trip(f"{padding}a\ud800b\udfffc") == f"{padding}a?b?c"
