"""The handler that Lambda calls."""

from typing import Any

from chat.starting import starting

with starting():
    from chat_cleanup.composition import compose

    cleanup = compose()


def handler(_event: dict[str, Any], context: Any) -> dict[str, float]:
    """One run. What it did is in its metrics; the answer is for whoever calls it by hand."""
    return cleanup.run(lambda: context.get_remaining_time_in_millis() / 1000)
