"""Authentication: bearer tokens, stream tokens, and the secret behind them.

PyJWT is imported eagerly, because nearly every request has a token to verify. boto3 is imported only if a secret is in
Secrets Manager.
"""

from chat.auth.authenticator import Authenticator, build_authenticator
from chat.auth.secrets import AuthSecret, SecretSource, build_secret_source
from chat.auth.signer import Signer
from chat.auth.stream_tokens import StreamTokens

__all__ = [
    "AuthSecret",
    "Authenticator",
    "SecretSource",
    "Signer",
    "StreamTokens",
    "build_authenticator",
    "build_secret_source",
]
