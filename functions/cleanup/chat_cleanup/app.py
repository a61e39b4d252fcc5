"""The handler that Lambda calls."""

from typing import Any


def handler(event: dict[str, Any], context: Any) -> None:
    """One run."""
