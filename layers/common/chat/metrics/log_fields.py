"""The log fields of a session, under the names of `chat.metrics.fields`."""

from typing import Any

from chat.catalog import Model
from chat.errors import ChatError
from chat.messages import MessageKind
from chat.metrics import fields
from chat.metrics.port import ModelLabels
from chat.sessions import Session


def log_fields(session: Session, model: Model | None = None) -> dict[str, Any]:
    """The fields that identify a session, its chat and, if `model` is given, its model."""
    found: dict[str, Any] = {
        fields.SESSION_ID: session.session_id,
        fields.CONVERSATION_ID: session.chat_id,
        fields.KIND: session.kind,
    }
    if session.kind is MessageKind.CHAT:
        found[fields.OPERATION] = "chat"
        if model is not None:
            found[fields.PROVIDER] = fields.provider_name(model.provider)
            found[fields.MODEL] = model.provider_model
    return found


def refusal_fields(error: ChatError) -> dict[str, Any]:
    """The fields that give the reason of a refusal."""
    return {fields.ERROR_TYPE: error.code}


def labels_of(session: Session, model: Model | None) -> ModelLabels | None:
    """The model's dimensions; None for slash commands and unknown models."""
    return ModelLabels(model.provider, model.id) if model and session.kind is MessageKind.CHAT else None
