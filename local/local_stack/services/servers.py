"""Starts DynamoDB, Redis and the demo provider, unless they are not needed or given by the environment."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from local_stack.emulator.launch import FAKE_CREDENTIALS, given_credentials
from local_stack.processes.guardian import Guardian
from local_stack.processes.service_process import ServiceProcess, ServiceProcessError, start_service
from local_stack.providers import on_demo, provider_names, provider_variables
from local_stack.sam.template import FunctionSpec, Template
from local_stack.services import redis_log, redis_server
from local_stack.services.data_folder import DataFolder
from local_stack.services.dynamodb import KeySchemaMismatchError, create_tables
from local_stack.terminal.console import Console

EXPIRE_SECONDS = 60
"""Interval between removals of expired items."""
LOAD_SECONDS = 60.0
"""Timeout for Redis to load its data."""
GIVEN_REDIS_SECONDS = 2.0
"""Timeout of the check of a Redis that REDIS_URL names."""
_POLL_SECONDS = 0.02


class Servers:
    """Starts and stops the server processes, and provides the functions' variables with their addresses."""

    def __init__(
        self,
        template: Template,
        environ: Mapping[str, str],
        data: DataFolder | None,
        guardian: Guardian,
        console: Console,
    ) -> None:
        """`environ` may name a DynamoDB, a Redis and providers; `data` persists the stack's own servers."""
        self._environ = environ
        self._template = template
        self._data = data
        self._guardian = guardian
        self._console = console
        self._services: list[ServiceProcess] = []
        self._providers = provider_names() if any(map(_calls_providers, template.functions)) else ()
        self.demo_providers = on_demo(self._providers, environ)
        self.dynamodb = environ.get("AWS_ENDPOINT_URL_DYNAMODB") or ""
        self.own_dynamodb = not self.dynamodb
        self.redis = environ.get("REDIS_URL") or ""
        self.own_redis = not self.redis
        self.remarks: list[str] = []
        """Sentences for the banner about unexpected conditions."""
        self._demo: str | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The functions' variables for reaching the servers."""
        credentials = FAKE_CREDENTIALS if self.own_dynamodb else given_credentials(self._environ)
        variables = {**credentials, "REDIS_URL": self.redis}
        return {**variables, "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb} if self.dynamodb else variables

    @property
    def provider_variables(self) -> dict[str, str]:
        return provider_variables(self._providers, self._environ, self._demo)

    async def start(self) -> None:
        """Starts all servers concurrently.

        Raises:
            ServiceProcessError: a server did not start, or the tables cannot be created.
        """
        redis = self._start_redis() if self.own_redis else self._try_redis()
        starting = [asyncio.create_task(start) for start in (self._start_dynamodb(), redis, self._start_demo())]
        try:
            await asyncio.gather(*starting)
        except BaseException:
            for task in starting:
                task.cancel()
            await asyncio.gather(*starting, return_exceptions=True)
            raise

    async def stop(self) -> None:
        await asyncio.gather(*(service.stop() for service in self._services))

    async def _start_dynamodb(self) -> None:
        if not self._template.tables:
            return
        if self.own_dynamodb:
            file = [] if self._data is None else ["--file", str(self._data.dynamodb)]
            expire = ["--expire-seconds", str(EXPIRE_SECONDS)]
            service = await self._start("dynamodb", "local_stack.dynamodb_server", *file, *expire, keeps=bool(file))
            self.dynamodb = service.address
        try:
            await asyncio.to_thread(create_tables, self.dynamodb, self._template, environ=self.variables)
        except (BotoCoreError, ClientError) as error:
            raise ServiceProcessError(f"the tables cannot be created at {self.dynamodb}: {error}") from None
        except KeySchemaMismatchError as error:
            raise ServiceProcessError(f"{error}.") from None

    async def _start_redis(self) -> None:
        if self._data is None or redis_server.program() is None:
            self.redis = (await self._start("redis", "local_stack.services.redis_server")).address
            if self._data is not None:
                self.remarks.append("Redis data is in memory only, because redis-server is not installed.")
            return
        try:
            self.redis = await self._start_kept_redis(self._data)
        except ServiceProcessError as error:
            if not redis_log.reports_damage(self._data.redis_log):
                reason = redis_log.last_message(self._data.redis_log)
                raise ServiceProcessError(f"{error}: {reason}" if reason else str(error)) from None
            aside = self._data.put_redis_aside()
            self.remarks.append(f"Redis could not read its data: it starts empty, and the data was moved to {aside}.")
            self.redis = await self._start_kept_redis(self._data)

    async def _start_kept_redis(self, data: DataFolder) -> str:
        with contextlib.suppress(OSError):
            data.redis_log.unlink()
        places = ["--folder", str(data.redis), "--log", str(data.redis_log)]
        service = await self._start("redis", "local_stack.services.redis_server", *places, keeps=True, ready=_loaded)
        return service.address

    async def _try_redis(self) -> None:
        """Adds a remark if Redis does not answer; the functions work without it and reconnect when it does."""
        try:
            await asyncio.to_thread(_ping, self.redis)
        except Exception as error:  # noqa: BLE001  # any error is reported: the functions will see it too
            parts = urlsplit(self.redis)
            reason = str(error).strip().rstrip(".") or type(error).__name__
            place = f"{parts.hostname}:{parts.port or 6379}"
            self.remarks.append(f"Redis on {place} does not answer ({reason}): the stack runs without it.")

    async def _start_demo(self) -> None:
        if self.demo_providers:
            self._demo = (await self._start("demo", "demo_provider", "--port", "0")).address

    async def _start(
        self,
        name: str,
        module: str,
        *arguments: str,
        keeps: bool = False,
        ready: Callable[[ServiceProcess], Awaitable[None]] | None = None,
    ) -> ServiceProcess:
        """`keeps`: the server writes to the data folder and holds its lock. `ready` waits for it, and may raise."""
        command: Sequence[str] = [sys.executable, "-m", module, *arguments]
        service = await start_service(
            name,
            command,
            {**os.environ, "PYTHONUNBUFFERED": "1"},
            self._guardian,
            self._console.writer(name),
            descriptors=() if self._data is None or not keeps else (self._data.lock,),
        )
        self._services.append(service)
        if ready is not None:
            await ready(service)
        self._console.line(name, f"is on {service.address}")
        return service


def _calls_providers(function: FunctionSpec) -> bool:
    return "PROVIDER_KEYS_SECRET_ARN" in function.environment


async def _loaded(service: ServiceProcess) -> None:
    """Waits until a listening Redis has loaded its data.

    Raises:
        ServiceProcessError: Redis exited because it cannot load the data, or the timeout expired.
    """
    parts = urlsplit(service.address)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LOAD_SECONDS):
            while not service.ended:
                with contextlib.suppress(OSError):
                    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
                    writer.write(b"PING\r\n")
                    answer = await reader.readline()
                    writer.close()
                    if answer.startswith(b"+PONG"):
                        return
                await asyncio.sleep(_POLL_SECONDS)
    raise ServiceProcessError(f"{service.name} does not start with its stored data")


def _ping(url: str) -> None:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    with Redis.from_url(
        url,
        socket_timeout=GIVEN_REDIS_SECONDS,
        socket_connect_timeout=GIVEN_REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        client.ping()
