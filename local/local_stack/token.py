"""``GET /local/token``: issues tokens for test users, in place of a real identity provider."""

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import jwt

from chat.dynamo import DynamoUserStore, Tables
from chat.errors import StorageError
from chat.settings import AuthSettings, StorageSettings
from chat.users import Tier, User
from local_stack.http.http1 import Exchange
from local_stack.http.problems import problem

ALGORITHM = "HS256"
ISSUER = "chat-sse-local"
AUDIENCE = "chat-sse"
LIFETIME_SECONDS = 12 * 3600
_MAX_USER_CHARS = 128
_PARAMETERS = {"user", "tier", "disabled"}


class TokenRequestError(Exception):
    """An invalid request; the message goes to the client."""


def load_secret(folder: Path) -> str:
    """The local secret, created at the first start, so that an open page stays signed in after a restart."""
    file = folder / "auth-secret"
    with contextlib.suppress(FileNotFoundError):
        return file.read_text(encoding="ascii").strip()
    folder.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_urlsafe(48)
    # Written to a temporary file and linked: two stacks that start at the same time get the same secret.
    own = folder / f"auth-secret.{os.getpid()}"
    own.touch(mode=0o600)
    own.write_text(secret, encoding="ascii")
    with contextlib.suppress(FileExistsError):
        os.link(own, file)
    own.unlink()
    return file.read_text(encoding="ascii").strip()


class TokenEndpoint:
    """Issues tokens, and stores the users' records with their tiers."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        """`variables` are a function's environment: the table names and the token settings."""
        self._settings = AuthSettings.from_environ(variables)
        self._users = DynamoUserStore(Tables(StorageSettings.from_environ(variables)))

    async def handle(self, exchange: Exchange) -> None:
        """Stores the user and responds with the token as text."""
        if exchange.method not in {"GET", "HEAD"}:
            await problem(exchange, 405, "method_not_allowed", "GET /local/token?user=...&tier=...")
            return
        secret = self._settings.auth_secret
        if self._settings.jwt_algorithm != ALGORITHM or secret is None:
            await problem(exchange, 409, "tokens_from_elsewhere", "The functions accept tokens of another issuer.")
            return
        try:
            user = parse_user(exchange.target)
        except TokenRequestError as error:
            await problem(exchange, 400, "invalid_request", str(error))
            return
        try:
            await asyncio.to_thread(self._users.put, user, now=time.time())
        except StorageError as error:
            await problem(exchange, 503, error.code, error.message)
            return
        headers = {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store"}
        await exchange.respond(200, headers, self._token(user, secret).encode())

    def _token(self, user: User, secret: str) -> str:
        now, settings = int(time.time()), self._settings
        claims = {"iss": settings.jwt_issuer, "aud": settings.jwt_audience, "iat": now, "exp": now + LIFETIME_SECONDS}
        return jwt.encode({"sub": user.user_id, **claims}, secret, algorithm=ALGORITHM)


def parse_user(target: str) -> User:
    """Parses the user from a request's query.

    Raises:
        TokenRequestError: a parameter is missing or invalid.
    """
    pairs = parse_qsl(urlsplit(target).query, keep_blank_values=True)
    query = dict(pairs)
    if len(query) != len(pairs) or query.keys() - _PARAMETERS:
        raise TokenRequestError("The parameters are user, tier and disabled, each at most once.")
    user_id = query.get("user", "")
    if not (1 <= len(user_id) <= _MAX_USER_CHARS and user_id.isprintable()):
        raise TokenRequestError(f"user must be 1 to {_MAX_USER_CHARS} printable characters.")
    tier = query.get("tier", Tier.BASIC)
    if tier not in set(Tier):
        raise TokenRequestError(f"tier must be one of {', '.join(Tier)}.")
    disabled = query.get("disabled", "false")
    if disabled not in {"true", "false"}:
        raise TokenRequestError("disabled must be true or false.")
    return User(user_id, Tier(tier), disabled=disabled == "true")
