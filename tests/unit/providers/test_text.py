"""Surrogates over the borders of deltas."""

from hypothesis import given
from hypothesis import strategies as st

from chat_stream.providers.reading.text import SurrogateJoiner

HIGH, LOW = "\ud83d", "\ude00"
any_text = st.text(st.characters(codec=None, categories=None) | st.sampled_from([HIGH, LOW]))


def _joined(deltas: list[str]) -> list[str]:
    joiner = SurrogateJoiner()
    return [*(joiner.join(delta) for delta in deltas), joiner.flush()]


@given(st.lists(any_text))
def test_same_as_joining_all_first(deltas: list[str]) -> None:
    """However the text is cut."""
    whole = "".join(deltas).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    pieces = _joined(deltas)
    assert "".join(pieces) == whole
    for piece in pieces:
        piece.encode()


@given(st.lists(st.text()))
def test_ordinary_text_passes_unchanged(deltas: list[str]) -> None:
    assert _joined(deltas) == [*deltas, ""]


def test_first_half_waits_for_the_second() -> None:
    assert _joined(["a" + HIGH, LOW + "b"]) == ["a", "😀b", ""]


def test_halves_without_partner_are_replaced_one_by_one() -> None:
    assert _joined([HIGH, HIGH, "x", LOW, HIGH]) == ["", "\ufffd", "\ufffdx", "\ufffd", "", "\ufffd"]
