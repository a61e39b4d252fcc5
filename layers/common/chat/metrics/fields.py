"""Names of the log fields about generations, in EMF records and in log lines.

They are OpenTelemetry's names where it defines one:
https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/ and
https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/
"""

OPERATION = "gen_ai.operation.name"
"""`chat`; absent for slash commands."""
PROVIDER = "gen_ai.provider.name"
"""OpenTelemetry's name of the provider (`provider_name`)."""
MODEL = "gen_ai.request.model"
"""The provider's name of the model; the dimension `model` has the catalogue's id."""
CONVERSATION_ID = "gen_ai.conversation.id"
"""The chat's id."""
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
FINISH_REASONS = "gen_ai.response.finish_reasons"
"""A list with one element."""
ERROR_TYPE = "error.type"
"""The code of the `error` event or the problem document."""

# Names of this service.
SESSION_ID = "session_id"
REQUEST_ID = "function_request_id"
"""The request id of the Lambda invocation."""
ROLE = "role"
"""The role of a client's request: `produce`, `follow` or `replay`."""
STATE = "state"
"""How a generation ended: `completed`, `stopped` or `failed`."""
KIND = "kind"
"""`chat`, or `command` for slash commands."""
SOURCE = "answered_from"
"""`provider`, `cache`, `flight` (another session's) or `command`."""

_PROVIDER_NAMES = {"xai": "x_ai"}


def provider_name(provider: str) -> str:
    """OpenTelemetry's well-known value for the catalogue's provider; the provider itself if there is none."""
    return _PROVIDER_NAMES.get(provider, provider)
