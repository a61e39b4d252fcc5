"""Stream tokens: returned by `/chat/start`, so that an `EventSource`, which sends no headers, can open the stream."""

import json

from chat.auth.secrets import SecretSource
from chat.auth.signer import Signer
from chat.clock import Clock
from chat.errors import AuthenticationError


class StreamTokens:
    """Signs and verifies stream tokens. A token is bound to one session and its user, and expires with the session."""

    def __init__(self, secret: SecretSource, clock: Clock) -> None:
        self._signer = Signer(secret, label="stream-token")
        self._clock = clock

    def sign(self, session_id: str, user_id: str, expires_at: float) -> str:
        """A token for that session, valid until `expires_at` (seconds since the epoch)."""
        claims = {"sub": user_id, "exp": expires_at}
        return self._signer.sign(json.dumps(claims, separators=(",", ":")).encode(), context=session_id.encode())

    def verify(self, token: str, session_id: str) -> str:
        """The id of the user to whom the token was issued.

        Raises:
            AuthenticationError: `token_invalid`: forged, altered or of another session; `token_expired`.
        """
        payload = self._signer.open(token, context=session_id.encode(errors="surrogatepass"))
        if payload is None:
            raise AuthenticationError("The stream token is not one for this session.")
        claims = json.loads(payload)
        if self._clock.now() >= claims["exp"]:
            raise AuthenticationError("The stream token has expired.", code="token_expired")
        return str(claims["sub"])
