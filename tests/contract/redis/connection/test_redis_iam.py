"""IAM authentication: the token's shape, how long it is used, and that redis-py sends it."""

import asyncio
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest
from redis.asyncio import Redis
from redis.asyncio.connection import SSLConnection

from chat.redis import RedisSettings
from chat.redis.client.connections import async_client, sync_client
from chat.redis.client.iam import RENEW_SECONDS, TOKEN_SECONDS, IamCredentials, IamSigningError, iam_credentials
from fakes.clock import FakeClock

SERVERLESS_HOST = "chat-abc123.serverless.euc1.cache.amazonaws.com"
SETTINGS = RedisSettings(
    redis_url=f"rediss://{SERVERLESS_HOST}:6379", redis_iam_user="chat-user", redis_cache_name="chat-cache"
)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session/token==")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


@pytest.mark.usefixtures("aws")
def test_token_is_a_signed_request_without_its_scheme() -> None:
    user, token = iam_credentials(user="chat-user", cache_name="chat-cache", host=SERVERLESS_HOST).get_credentials()
    assert user == "chat-user"
    assert token.startswith("chat-cache/?")
    query = {name: values[0] for name, values in parse_qs(urlsplit(f"//{token}").query).items()}
    assert query.pop("X-Amz-Date").endswith("Z")
    assert query.pop("X-Amz-Credential").endswith("/eu-central-1/elasticache/aws4_request")
    assert len(query.pop("X-Amz-Signature")) == 64
    assert query == {
        "Action": "connect",
        "User": "chat-user",
        "ResourceType": "ServerlessCache",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Expires": "900",
        "X-Amz-Security-Token": "session/token==",
        "X-Amz-SignedHeaders": "host",
    }


@pytest.mark.usefixtures("aws")
def test_token_of_a_cluster_with_nodes_names_no_resource_type() -> None:
    host = "master.chat.abc123.euc1.cache.amazonaws.com"
    _, token = iam_credentials(user="chat-user", cache_name="chat-cache", host=host).get_credentials()
    assert "ResourceType" not in token


def test_missing_credentials_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(IamSigningError):
        iam_credentials(user="u", cache_name="c", host="h").get_credentials()


async def test_token_is_renewed_before_it_ends() -> None:
    clock, numbers = FakeClock(), count()
    credentials = IamCredentials("user", lambda: f"token {next(numbers)}", monotonic=clock.now)
    assert credentials.get_credentials() == ("user", "token 0")
    clock.advance(TOKEN_SECONDS - RENEW_SECONDS - 1)
    assert await credentials.get_credentials_async() == ("user", "token 0")
    clock.advance(1)
    assert credentials.get_credentials() == ("user", "token 1")
    assert await credentials.get_credentials_async() == ("user", "token 1")


@pytest.mark.usefixtures("aws")
async def test_clients_authenticate_with_user_and_token() -> None:
    """The first bytes sent, recorded by a server."""
    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def take_down(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await received.put(await reader.readuntil(b"Signature="))
        writer.close()

    server = await asyncio.start_server(take_down, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = async_client(SETTINGS)
    assert isinstance(client, Redis)
    assert client.connection_pool.connection_class is SSLConnection
    provider = client.connection_pool.connection_kwargs["credential_provider"]
    plain = Redis(host="127.0.0.1", port=port, protocol=2, driver_info=None, credential_provider=provider)
    async with server, asyncio.timeout(10):
        with pytest.raises(Exception, match="closed"):
            await plain.get("key")
        command = await received.get()
        await plain.aclose()
        await client.aclose()
    assert command.startswith(b"*3\r\n$4\r\nAUTH\r\n$9\r\nchat-user\r\n")
    assert b"chat-cache/?Action=connect" in command


@pytest.mark.usefixtures("aws")
def test_sync_client_has_the_same_credentials() -> None:
    client = sync_client(SETTINGS)
    provider = client.get_connection_kwargs()["credential_provider"]
    assert isinstance(provider, IamCredentials)
    assert provider.get_credentials()[0] == "chat-user"
    client.close()
