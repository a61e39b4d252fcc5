"""Which token counts of a provider are believed: a user is billed and limited by them."""

from typing import Any

from chat.catalog import Model

MAX_WINDOWS = 4
"""Prompt and answer together fit into a model's context window; the catalogue may be older than the model."""


def max_tokens_of(model: Model) -> int:
    """More than that is believed of no count."""
    return model.context_window * MAX_WINDOWS


def counted(value: Any, max_tokens: int) -> int:
    """A count of tokens.

    Raises:
        ValueError: it is not a number that can be one.
    """
    if type(value) is not int or not 0 <= value <= max_tokens:
        raise ValueError
    return value
