"""``GET /local/token``: tokens for made-up users, in place of the service that runs the user accounts."""

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
    """A request that names no user; the message is for whoever sent it."""


def load_secret(folder: Path) -> str:
    """The local secret, made at the first start: a page that is open stays signed in when the stack starts again."""
    file = folder / "auth-secret"
    with contextlib.suppress(FileNotFoundError):
        return file.read_text(encoding="ascii").strip()
    folder.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_urlsafe(48)
    # Written aside and linked, so that of two stacks that start at once both get the same one.
    own = folder / f"auth-secret.{os.getpid()}"
    own.touch(mode=0o600)
    own.write_text(secret, encoding="ascii")
    with contextlib.suppress(FileExistsError):
        os.link(own, file)
    own.unlink()
    return file.read_text(encoding="ascii").strip()


class TokenEndpoint:
    """Makes the tokens, and the users' records with their tiers."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        """`variables` are those of a function: they name the tables, and say which tokens it takes."""
        self._settings = AuthSettings.from_environ(variables)
        self._users = DynamoUserStore(Tables(StorageSettings.from_environ(variables)))

    async def handle(self, exchange: Exchange) -> None:
        """Answers with the token as text."""
        if exchange.method not in {"GET", "HEAD"}:
            await problem(exchange, 405, "method_not_allowed", "GET /local/token?user=...&tier=...")
            return
        secret = self._settings.auth_secret
        if self._settings.jwt_algorithm != ALGORITHM or secret is None:
            await problem(exchange, 409, "tokens_from_elsewhere", "The functions take the tokens of another issuer.")
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
    """The user that a request's query describes.

    Raises:
        TokenRequestError: with a sentence.
    """
    pairs = parse_qsl(urlsplit(target).query, keep_blank_values=True)
    query = dict(pairs)
    if len(query) != len(pairs) or query.keys() - _PARAMETERS:
        raise TokenRequestError("The parameters are user, tier and disabled, each once at most.")
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
