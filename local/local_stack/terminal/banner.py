"""The banner printed when the stack is ready: its address and example requests."""

from dataclasses import dataclass

from chat.catalog import load_catalog

_EXAMPLES = """
  TOKEN=$(curl -s '{address}/local/token?user=alice&tier=PRO')

  Start a chat; the response has sessionId and chatId:
  curl -s -X POST {address}/chat/start -H "Authorization: Bearer $TOKEN" \\
    -H 'content-type: application/json' -d '{{"modelId":"{model}","prompt":"What is artificial intelligence?"}}'

  Stream the answer token by token:
  curl --no-buffer -H "Authorization: Bearer $TOKEN" "{address}/chat/stream?sessionId=..."

  Stop the answer:
  curl -s -X POST {address}/chat/stop -H "Authorization: Bearer $TOKEN" \\
    -H 'content-type: application/json' -d '{{"sessionId":"..."}}'

  Read the chat history and the models:
  curl -s -H "Authorization: Bearer $TOKEN" "{address}/chat/history?chatId=..."
  curl -s -H "Authorization: Bearer $TOKEN" "{address}/chat/models"

  Metrics: curl -s {address}/local/metrics
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A running stack's details for the banner. `settings` names the function settings from the environment."""

    address: str
    demo_providers: tuple[str, ...]
    settings: tuple[str, ...]
    remarks: tuple[str, ...]
    """Sentences for the banner."""


def banner(running: Running) -> str:
    """The banner's text, several lines."""
    remarks = []
    if running.demo_providers:
        remarks.append(
            f"A demo provider answers for {', '.join(running.demo_providers)}; set <PROVIDER>_API_KEY or "
            "<PROVIDER>_BASE_URL to use a real one."
        )
    if running.settings:
        remarks.append(f"Settings from the environment: {', '.join(running.settings)}.")
    remarks += running.remarks
    lines = [
        f"chat-sse is ready on {running.address}  (Ctrl-C stops it)",
        f"  Dashboard: {running.address}/local/dashboard",
        *(f"  {remark}" for remark in remarks),
    ]
    return "\n" + "\n".join(lines) + "\n" + _EXAMPLES.format(address=running.address, model=load_catalog().models[0].id)
