"""The Lambda handler of the cleanup function."""

from typing import Any

from chat.process_start import starting

with starting():
    from aws_lambda_powertools import Logger

    from chat_cleanup.composition import compose

    logger = Logger()
    cleanup = compose()


def handler(_event: dict[str, Any], context: Any) -> dict[str, float]:
    """Runs the cleanup once. Returns the published metrics, for a manual invocation."""
    logger.thread_safe_clear_keys()
    logger.thread_safe_append_keys(function_request_id=context.aws_request_id)
    return cleanup.run(lambda: context.get_remaining_time_in_millis() / 1000)
