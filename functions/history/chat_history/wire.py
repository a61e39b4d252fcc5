"""Encodes messages and models as JSON for clients."""

from typing import Any

from chat.catalog import Model, Provider
from chat.http.responses import timestamp
from chat.messages import Message
from chat.users import Tier


def message_json(message: Message) -> dict[str, Any]:
    usage = message.usage
    return {
        "id": message.message_id,
        "chatId": message.chat_id,
        "sessionId": message.session_id,
        "role": message.role,
        "content": message.content,
        "modelId": message.model_id,
        "createdAt": timestamp(message.created_at),
        "status": message.status,
        "code": message.code,
        "retryable": message.retryable,
        "kind": message.kind,
        "finishReason": message.finish_reason,
        "usage": None if usage is None else {"inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens},
        "projectId": message.project_id,
        "taskId": message.task_id,
        "cached": message.cached,
        "savedUsd": message.saved_usd,
    }


def model_json(model: Model, provider: Provider, tier: Tier) -> dict[str, Any]:
    """The model as JSON. `allowed` says whether a user of `tier` may use it."""
    return {
        "id": model.id,
        "provider": model.provider,
        "providerName": provider.name,
        "tier": model.tier,
        "contextWindow": model.context_window,
        "maxOutputTokens": model.max_output_tokens,
        "price": {
            "inputPerMillion": model.input_price,
            "outputPerMillion": model.output_price,
            "currency": "USD",
            "date": model.price_date.isoformat(),
        },
        "allowed": tier.includes(model.tier),
    }
