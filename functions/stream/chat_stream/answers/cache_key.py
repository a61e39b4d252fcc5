"""The key under which an answer is kept: everything that decides it, and who may be given it."""

import hashlib
import json

from chat_stream.providers.port import ChatRequest

VERSION = 1
"""Raised when what is hashed, or what is kept, changes its meaning."""


def cache_key(request: ChatRequest, *, scope: str) -> str:
    """SHA-256 over canonical JSON. `scope`: `user:<id>`, or `global` where anyone may be given the answer."""
    if not scope:
        raise ValueError("a scope needs a user")
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
