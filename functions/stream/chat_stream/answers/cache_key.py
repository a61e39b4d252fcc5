"""The cache key of an answer: a hash of everything that determines the answer, and of who may receive it."""

import hashlib
import json

from chat_stream.providers.port import ChatRequest

VERSION = 1
"""Increment when the meaning of the hashed fields, or of the cached value, changes."""


def cache_key(request: ChatRequest, *, scope: str) -> str:
    """SHA-256 of canonical JSON. `scope` is `user:<id>`, or `global` if every user may receive the answer."""
    if not scope:
        raise ValueError("scope must not be empty")
    decisive = {
        "version": VERSION,
        "scope": scope,
        "provider": request.model.provider,
        "model": request.model.provider_model,
        "maxOutputTokens": request.model.max_output_tokens,
        "temperature": request.temperature if request.model.sampling else None,
        "system": request.system,
        "turns": [[turn.role, turn.content] for turn in request.turns],
    }
    canonical = json.dumps(decisive, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
