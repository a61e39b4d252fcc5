"""Plausibility limits for a provider's token counts and text lengths.

Users are billed and limited by the counts, and the text is held in memory.
"""

from typing import Any

from chat.catalog import Model

MAX_WINDOWS = 4
"""How many context windows a count may reach. One holds prompt and answer, but the catalogue may be out of date."""

MAX_TOKEN_CHARS = 64
"""The longest plausible token. A token has about four characters, but a token of spaces may have dozens."""


def max_tokens_of(model: Model) -> int:
    """The highest plausible token count of one answer."""
    return model.context_window * MAX_WINDOWS


def max_chars_of(model: Model) -> int:
    """The greatest plausible length of an answer, in characters."""
    return model.max_output_tokens * MAX_TOKEN_CHARS


def counted(value: Any, max_tokens: int) -> int:
    """`value` as a token count.

    Raises:
        ValueError: `value` is not an integer from 0 to `max_tokens`.
    """
    if type(value) is not int or not 0 <= value <= max_tokens:
        raise ValueError
    return value
