"""ElastiCache's IAM authentication: the password is a signed request that is never sent.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
"""

import threading
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from redis.credentials import CredentialProvider

TOKEN_SECONDS = 900
"""How long ElastiCache accepts a token. A connection opened with it outlives it."""
RENEW_SECONDS = 180
"""A token with less remaining validity than this is replaced."""


class IamSigningError(Exception):
    """AWS credentials or a region for signing a token are missing."""


class IamCredentials(CredentialProvider):
    """A user name, and a token as the password, renewed before it expires. Thread-safe."""

    def __init__(self, user: str, sign: Callable[[], str], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._user = user
        self._sign = sign
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = float("-inf")

    def get_credentials(self) -> tuple[str, str]:
        """The user name and the token.

        Raises:
            IamSigningError: there is nothing to sign with.
        """
        with self._lock:
            now = self._monotonic()
            if now >= self._renew_at:
                self._token = self._sign()
                self._renew_at = now + TOKEN_SECONDS - RENEW_SECONDS
            return self._user, self._token

    async def get_credentials_async(self) -> tuple[str, str]:
        """The same; signing needs no network."""
        return self.get_credentials()


def iam_credentials(*, user: str, cache_name: str, host: str) -> IamCredentials:
    """Credentials for the cache of that name; `host` shows whether it is serverless."""
    serverless = ".serverless." in host
    return IamCredentials(user, partial(sign_token, user=user, cache_name=cache_name, serverless=serverless))


def sign_token(*, user: str, cache_name: str, serverless: bool) -> str:
    """A presigned request to connect, without its scheme, signed with the environment's credentials and region.

    Raises:
        IamSigningError: there are none.
    """
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.session import get_session

    session = get_session()
    credentials, region = session.get_credentials(), session.get_config_variable("region")
    if credentials is None or region is None:
        raise IamSigningError("no AWS credentials, or no region, to sign a token with")
    query = {"Action": "connect", "User": user} | ({"ResourceType": "ServerlessCache"} if serverless else {})
    request = AWSRequest(method="GET", url=f"https://{cache_name}/?{urlencode(query)}")
    SigV4QueryAuth(credentials.get_frozen_credentials(), "elasticache", region, expires=TOKEN_SECONDS).add_auth(request)
    return str(request.url).removeprefix("https://")
