"""DynamoDB, Redis and the demo provider: those that are needed and not given."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from local_stack.console import Console
from local_stack.emulator.launch import FAKE_CREDENTIALS, given_credentials
from local_stack.processes.guardian import Guardian
from local_stack.processes.service_process import ServiceProcess, ServiceProcessError, start_service
from local_stack.providers import on_demo, provider_names, provider_variables
from local_stack.sam.template import FunctionSpec, Template
from local_stack.services import redis_log, redis_server
from local_stack.services.data_folder import DataFolder
from local_stack.services.dynamodb import OtherKeyError, create_tables

EXPIRE_SECONDS = 60
"""How often items are removed whose time to live is over."""
LOAD_SECONDS = 60.0
"""For Redis to read what it has kept."""
GIVEN_REDIS_SECONDS = 2.0
"""For a Redis that is given to answer; one that does not is none."""
_POLL_SECONDS = 0.02


class Servers:
    """Starts them as processes, ends them, and tells the functions their addresses."""

    def __init__(
        self,
        template: Template,
        environ: Mapping[str, str],
        data: DataFolder | None,
        guardian: Guardian,
        console: Console,
    ) -> None:
        """`environ` may give a DynamoDB, a Redis, and providers; `data` keeps what the stack's own ones hold."""
        self._environ = environ
        self._template = template
        self._data = data
        self._guardian = guardian
        self._console = console
        self._services: list[ServiceProcess] = []
        self._providers = provider_names() if any(map(_asks_providers, template.functions)) else ()
        self.demo_providers = on_demo(self._providers, environ)
        self.dynamodb = environ.get("AWS_ENDPOINT_URL_DYNAMODB") or ""
        self.own_dynamodb = not self.dynamodb
        self.redis = environ.get("REDIS_URL") or ""
        self.own_redis = not self.redis
        self.remarks: list[str] = []
        """Sentences on what is not as one may expect."""
        self._demo: str | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The functions' way to the servers."""
        credentials = FAKE_CREDENTIALS if self.own_dynamodb else given_credentials(self._environ)
        variables = {**credentials, "REDIS_URL": self.redis}
        return {**variables, "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb} if self.dynamodb else variables

    @property
    def provider_variables(self) -> dict[str, str]:
        return provider_variables(self._providers, self._environ, self._demo)

    async def start(self) -> None:
        """All at once.

        Raises:
            ServiceError: one did not start, or refuses what is wanted of it.
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
            raise ServiceProcessError(f"the tables cannot be made at {self.dynamodb}: {error}") from None
        except OtherKeyError as error:
            raise ServiceProcessError(f"{error}.") from None

    async def _start_redis(self) -> None:
        if self._data is None or redis_server.program() is None:
            self.redis = (await self._start("redis", "local_stack.services.redis_server")).address
            if self._data is not None:
                self.remarks.append("Redis forgets its data when the stack ends, for redis-server is not installed.")
            return
        try:
            self.redis = await self._start_kept_redis(self._data)
        except ServiceProcessError as error:
            if not redis_log.reports_damage(self._data.redis_log):
                reason = redis_log.last_message(self._data.redis_log)
                raise ServiceProcessError(f"{error}: {reason}" if reason else str(error)) from None
            aside = self._data.put_redis_aside()
            self.remarks.append(f"Redis could not read its data: it begins anew, and they are in {aside}.")
            self.redis = await self._start_kept_redis(self._data)

    async def _start_kept_redis(self, data: DataFolder) -> str:
        with contextlib.suppress(OSError):
            data.redis_log.unlink()
        places = ["--folder", str(data.redis), "--log", str(data.redis_log)]
        service = await self._start("redis", "local_stack.services.redis_server", *places, keeps=True, ready=_loaded)
        return service.address

    async def _try_redis(self) -> None:
        """Only to say so: the functions do without a Redis that does not answer, and find it when it does."""
        try:
            await asyncio.to_thread(_ping, self.redis)
        except Exception as error:  # noqa: BLE001  # whatever it is, the functions will meet it too
            parts = urlsplit(self.redis)
            reason = str(error).strip().rstrip(".") or type(error).__name__
            place = f"{parts.hostname}:{parts.port or 6379}"
            self.remarks.append(f"Redis on {place} does not answer ({reason}): it goes on without it.")

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
        """`keeps`: it writes to the data folder, and holds its lock as long as it lives. `ready` may wait, or raise."""
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


def _asks_providers(function: FunctionSpec) -> bool:
    return "PROVIDER_KEYS_SECRET_ARN" in function.environment


async def _loaded(service: ServiceProcess) -> None:
    """Returns when a Redis that listens has read its data.

    Raises:
        ServiceError: it cannot read them, and has ended; or it takes too long.
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
    raise ServiceProcessError(f"{service.name} does not start with the data that it kept")


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
