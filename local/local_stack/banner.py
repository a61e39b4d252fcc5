"""What the stack says when it is ready: where it is, and how to talk to it."""

from chat.catalog import load_catalog
from local_stack.stack import Running

_EXAMPLES = """
  TOKEN=$(curl -s '{address}/local/token?user=alice&tier=PRO')

  Start a chat, which gives sessionId and chatId:
  curl -s -X POST {address}/chat/start -H "Authorization: Bearer $TOKEN" \\
    -H 'content-type: application/json' -d '{{"modelId":"{model}","prompt":"What is artificial intelligence?"}}'

  See the answer, token by token:
  curl --no-buffer -H "Authorization: Bearer $TOKEN" "{address}/chat/stream?sessionId=..."

  Stop it in the middle:
  curl -s -X POST {address}/chat/stop -H "Authorization: Bearer $TOKEN" \\
    -H 'content-type: application/json' -d '{{"sessionId":"..."}}'

  The chat so far, and the models:
  curl -s -H "Authorization: Bearer $TOKEN" "{address}/chat/history?chatId=..."
  curl -s -H "Authorization: Bearer $TOKEN" "{address}/chat/models"

  Metrics: curl -s {address}/local/metrics
"""


def banner(running: Running) -> str:
    """Several lines of text."""
    remarks = []
    if running.demo_providers:
        remarks.append(
            f"Answers of {', '.join(running.demo_providers)} come from a demo provider; set <PROVIDER>_API_KEY or "
            "<PROVIDER>_BASE_URL for others."
        )
    if running.settings:
        remarks.append(f"Settings from the environment: {', '.join(running.settings)}.")
    remarks += running.remarks
    lines = [
        f"chat-sse is ready on {running.address}  (Ctrl-C ends it)",
        f"  What it does, live: {running.address}/local/dashboard",
        *(f"  {remark}" for remark in remarks),
    ]
    return "\n" + "\n".join(lines) + "\n" + _EXAMPLES.format(address=running.address, model=load_catalog().models[0].id)
