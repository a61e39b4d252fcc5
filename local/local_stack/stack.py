"""Everything together: servers, tables, functions, the front."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from local_stack import http1
from local_stack.cloudformation import TemplateError
from local_stack.console import Console
from local_stack.dashboard.endpoint import DashboardEndpoint
from local_stack.dynamodb import create_tables
from local_stack.front import Front, Handler
from local_stack.functions import Functions, Surroundings
from local_stack.guardian import Guardian
from local_stack.launch import FAKE_CREDENTIALS, given_credentials
from local_stack.metrics import CONTENT_TYPE
from local_stack.options import Options
from local_stack.pages import Pages
from local_stack.providers import on_demo, provider_names, provider_variables
from local_stack.reload import changes
from local_stack.run_now import RunEndpoint
from local_stack.services import Service, ServiceError, start_service
from local_stack.template import FunctionSpec, Template, read_template
from local_stack.token import TokenEndpoint, load_secret


@dataclass(frozen=True, slots=True)
class Running:
    """What a stack that is ready tells of itself."""

    address: str
    demo_providers: tuple[str, ...]
    keeps_data: bool
    redis_url: str


@contextlib.asynccontextmanager
async def running(options: Options, console: Console) -> AsyncIterator[Running]:
    """The stack, ready; when the context ends nothing of it is left.

    Raises:
        OSError: the address cannot be had.
        TemplateError: the template cannot be read.
        ServiceError: a server did not start.
    """
    template = read_template(options.template)
    async with contextlib.AsyncExitStack() as cleanup:
        listener = cleanup.enter_context(http1.bind(options.host, options.port))
        guardian = Guardian()
        cleanup.callback(guardian.close)
        servers = _Servers(options, template, guardian, console)
        cleanup.push_async_callback(servers.stop)
        await servers.start()
        # What follows in this process speaks to DynamoDB as the functions do.
        os.environ.update(servers.variables)
        secret = load_secret(options.state)
        surroundings = Surroundings(secret, servers.provider_variables, {**servers.variables, **options.variables})
        functions = Functions(template, options, surroundings, guardian, console)
        cleanup.push_async_callback(functions.stop)
        watching = asyncio.Event()
        if options.reload:
            reloading = asyncio.create_task(_reload(options, functions, console, watching))
            cleanup.callback(reloading.cancel)
            reloading.add_done_callback(lambda _: watching.set())
        else:
            watching.set()
        await asyncio.gather(functions.start(), watching.wait())
        front = Front(lambda: functions.pools, _local_paths(template, functions, secret), Pages(options.web))
        server = await http1.serve(listener, front.handle)
        cleanup.callback(server.close_clients)
        cleanup.callback(server.close)
        port = listener.getsockname()[1]
        host = f"[{options.host}]" if ":" in options.host else options.host
        yield Running(
            f"http://{host}:{port}",
            servers.demo_providers,
            keeps_data=not servers.own_dynamodb,
            redis_url=servers.redis,
        )


class _Servers:
    """DynamoDB, Redis and the demo provider: those that are needed and not given."""

    def __init__(self, options: Options, template: Template, guardian: Guardian, console: Console) -> None:
        self._environ = options.environ
        self._template = template
        self._guardian = guardian
        self._console = console
        self._services: list[Service] = []
        self._providers = provider_names() if any(map(_asks_providers, template.functions)) else ()
        self.demo_providers = on_demo(self._providers, options.environ)
        self.dynamodb = options.environ.get("AWS_ENDPOINT_URL_DYNAMODB") or ""
        self.own_dynamodb = not self.dynamodb
        self.redis = options.environ.get("REDIS_URL") or ""
        self._demo: str | None = None
        self._tables_made = False

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
        await asyncio.gather(self._start_dynamodb(), self._start_redis(), self._start_demo())

    async def stop(self) -> None:
        await asyncio.gather(*(service.stop() for service in self._services))

    async def _start_dynamodb(self) -> None:
        if not self._template.tables:
            return
        if self.own_dynamodb:
            self.dynamodb = await self._start("dynamodb", "local_stack.dynamodb_server")
        try:
            await asyncio.to_thread(create_tables, self.dynamodb, self._template, environ=self.variables)
        except (BotoCoreError, ClientError) as error:
            raise ServiceError(f"the tables cannot be made at {self.dynamodb}: {error}") from None

    async def _start_redis(self) -> None:
        if not self.redis:
            self.redis = await self._start("redis", "local_stack.redis_server")

    async def _start_demo(self) -> None:
        if self.demo_providers:
            self._demo = await self._start("demo", "demo_provider", "--port", "0")

    async def _start(self, name: str, module: str, *arguments: str) -> str:
        service = await start_service(
            name,
            [sys.executable, "-m", module, *arguments],
            {**os.environ, "PYTHONUNBUFFERED": "1"},
            self._guardian,
            self._console.writer(name),
        )
        self._services.append(service)
        self._console.line(name, f"is on {service.address}")
        return service.address


def _asks_providers(function: FunctionSpec) -> bool:
    return "PROVIDER_KEYS_SECRET_ARN" in function.environment


def _local_paths(template: Template, functions: Functions, secret: str) -> dict[str, Handler]:
    async def metrics(exchange: http1.Exchange) -> None:
        headers = {"content-type": CONTENT_TYPE, "cache-control": "no-store"}
        await exchange.respond(200, headers, functions.metrics.text().encode())

    paths: dict[str, Handler] = {
        "/local/metrics": metrics,
        **DashboardEndpoint(template.path, functions.metrics).handlers(),
        **RunEndpoint(template, lambda: functions.pools).handlers(),
    }
    with_users = [function for function in template.functions if "USERS_TABLE" in function.environment]
    if with_users:
        paths["/local/token"] = TokenEndpoint(secret, with_users[0].environment).handle
    return paths


async def _reload(options: Options, functions: Functions, console: Console, watching: asyncio.Event) -> None:
    while True:
        folders = functions.folders
        async for changed in changes(options.template, folders, watching):
            try:
                template = read_template(options.template)
            except TemplateError as error:
                console.line("local", f"{error} The functions go on as they were.")
                continue
            console.line("local", f"{changed} changed: new processes.")
            await functions.update(template)
            if functions.folders != folders:
                break
