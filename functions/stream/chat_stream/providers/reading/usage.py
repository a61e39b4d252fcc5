"""How much of a provider is believed: a user is billed and limited by its counts, and its text fills the memory."""

from typing import Any

from chat.catalog import Model

MAX_WINDOWS = 4
"""Prompt and answer together fit into a model's context window; the catalogue may be older than the model."""

MAX_TOKEN_CHARS = 64
"""A token has about four characters; some of spaces have dozens."""


def max_tokens_of(model: Model) -> int:
    """More than that is believed of no count."""
    return model.context_window * MAX_WINDOWS


def max_chars_of(model: Model) -> int:
    """No answer has more."""
    return model.max_output_tokens * MAX_TOKEN_CHARS


def counted(value: Any, max_tokens: int) -> int:
    """A count of tokens.

    Raises:
        ValueError: it is not a number that can be one.
    """
    if type(value) is not int or not 0 <= value <= max_tokens:
        raise ValueError
    return value
