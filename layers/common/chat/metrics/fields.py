"""Names of log fields about generations, in EMF records and log lines.

OpenTelemetry's names where they exist: https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/ and
https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/
"""

OPERATION = "gen_ai.operation.name"
"""`chat`; absent for slash commands."""
PROVIDER = "gen_ai.provider.name"
"""The provider's OpenTelemetry name (`provider_name`)."""
MODEL = "gen_ai.request.model"
"""The model's name at its provider; the catalogue's id is the dimension `model`."""
CONVERSATION_ID = "gen_ai.conversation.id"
"""The chat."""
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
FINISH_REASONS = "gen_ai.response.finish_reasons"
"""A list with one element."""
ERROR_TYPE = "error.type"
"""The code of the `error` event or the problem document."""

# Ours.
SESSION_ID = "session_id"
REQUEST_ID = "function_request_id"
"""The Lambda request id."""
ROLE = "role"
"""What a client's request did: `produce`, `follow` or `replay`."""
STATE = "state"
"""How a generation ended: `completed`, `stopped` or `failed`."""
KIND = "kind"
"""`chat`, or `command` for slash commands."""
SOURCE = "answered_from"
"""`provider`, `cache`, `flight` (another session's) or `command`."""

_PROVIDER_NAMES = {"xai": "x_ai"}


def provider_name(provider: str) -> str:
    """The provider's name in OpenTelemetry's list of well-known values; others are unchanged."""
    return _PROVIDER_NAMES.get(provider, provider)
