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
from chat.settings import StorageSettings
from chat.users import Tier, User
from local_stack.http1 import Exchange
from local_stack.problems import problem

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

    def __init__(self, secret: str, table_variables: Mapping[str, str]) -> None:
        """`table_variables` are those of a function: they name the tables."""
        self._secret = secret
        self._users = DynamoUserStore(Tables(StorageSettings.from_environ(table_variables)))

    async def handle(self, exchange: Exchange) -> None:
        """Answers with the token as text."""
        if not _is_from_here(exchange):
            await problem(exchange, 403, "forbidden", "Tokens are only for pages and programs of this very machine.")
            return
        if exchange.method not in {"GET", "HEAD"}:
            await problem(exchange, 405, "method_not_allowed", "GET /local/token?user=...&tier=...")
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
        await exchange.respond(200, headers, self._token(user).encode())

    def _token(self, user: User) -> str:
        now = int(time.time())
        claims = {"sub": user.user_id, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + LIFETIME_SECONDS}
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)


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


def _is_from_here(exchange: Exchange) -> bool:
    """Not a stranger's page in this machine's browser, nor one whose name was made to point here (DNS rebinding)."""
    if exchange.header("sec-fetch-site") == "cross-site":
        return False
    name = urlsplit(f"//{exchange.header('host') or ''}").hostname or ""
    is_address = ":" in name or name.replace(".", "").isdigit()
    return is_address or name == "localhost" or name.endswith(".localhost") or "." not in name
