"""Short signed tokens: values that a client must return unchanged.

Each signer's key is derived from the auth secret and the signer's own label. A token of one signer is therefore never
accepted by another signer or as a bearer token, nor is a bearer token accepted by a signer.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from chat.auth.secrets import SecretSource, accepted_keys

MAX_TOKEN_CHARS = 4096


class Signer:
    """Signs bytes with HMAC-SHA256. A token is two base64url parts, the payload (readable by anyone) and its MAC."""

    def __init__(self, secret: SecretSource, *, label: str) -> None:
        self._secret = secret
        self._label = b"chat-sse/" + label.encode()

    def sign(self, payload: bytes, *, context: bytes = b"") -> str:
        """A token for `payload` that is valid only together with `context`, which it does not contain."""
        body = _encode(payload)
        return f"{body}.{self._mac(self._secret().current, body, context)}"

    def open(self, token: str, *, context: bytes = b"") -> bytes | None:
        """The payload of a token that this signer made for this context; None for anything else."""
        body, dot, mac = token.partition(".")
        if len(token) > MAX_TOKEN_CHARS or not dot or not token.isascii():
            return None
        for secret in accepted_keys(self._secret):
            if hmac.compare_digest(self._mac(secret, body, context), mac):
                return urlsafe_b64decode(body + "=" * (-len(body) % 4))
        return None

    def _mac(self, secret: bytes, body: str, context: bytes) -> str:
        key = hmac.digest(secret, self._label, sha256)
        return _encode(hmac.digest(key, b"%d:%b%b" % (len(context), context, body.encode()), sha256))


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
