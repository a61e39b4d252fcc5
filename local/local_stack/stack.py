"""Assembles the stack: servers, tables, functions, the HTTP front."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator

from local_stack.dashboard.endpoint import DashboardEndpoint
from local_stack.emulator.functions import FunctionEnvironment, Functions
from local_stack.emulator.run_now import RunEndpoint
from local_stack.function_urls.access_log import logged
from local_stack.function_urls.cross_site import reject_cross_site
from local_stack.function_urls.front import Front
from local_stack.http import http1
from local_stack.http.pages import Pages
from local_stack.metrics.recorder import CONTENT_TYPE
from local_stack.options import NAMES, Options
from local_stack.processes.guardian import Guardian
from local_stack.processes.service_process import ServiceProcessError
from local_stack.providers import provider_names, provider_variables
from local_stack.reload.browser import BrowserReload
from local_stack.reload.sources import changes
from local_stack.sam.cloudformation import TemplateError
from local_stack.sam.template import Template, read_template
from local_stack.services.data_folder import DataFolder, open_data_folder
from local_stack.services.dynamodb import with_tables_named
from local_stack.services.servers import Servers
from local_stack.settings import FunctionSettings
from local_stack.spelling import misspelled
from local_stack.terminal.banner import Running
from local_stack.terminal.console import Console, Style, short_name
from local_stack.token import TokenEndpoint, load_secret


@contextlib.asynccontextmanager
async def running(options: Options, console: Console) -> AsyncIterator[Running]:
    """Starts the stack; stops all its processes when the context exits.

    Raises:
        OSError: the address cannot be bound.
        TemplateError: the template cannot be read.
        InvalidSettingError: a setting from the environment is invalid.
        DataFolderError: the data folder cannot be used.
        ServiceProcessError: a server did not start.
    """
    template = read_template(options.template)
    settings = FunctionSettings(template)
    given = settings.given(options.environ)
    template = with_tables_named(template, given)
    async with contextlib.AsyncExitStack() as cleanup:
        secret = _secret(options)
        _check_settings(template, settings, options, secret)
        listener = cleanup.enter_context(http1.bind(options.host, options.port))
        data = None
        if options.data is not None:
            data = await cleanup.enter_async_context(open_data_folder(options.data, fresh=options.fresh))
        guardian = Guardian()
        cleanup.callback(guardian.close)
        servers = Servers(template, options.environ, data, guardian, console)
        cleanup.push_async_callback(servers.stop)
        await servers.start()
        # From here on this process uses the functions' DynamoDB too.
        os.environ.update(servers.variables)
        variables = {**servers.variables, **given, **options.variables}
        environment = FunctionEnvironment(secret, servers.provider_variables, variables)
        functions = Functions(template, options, environment, guardian, console)
        cleanup.push_async_callback(functions.stop)
        watching = asyncio.Event()
        if options.reload:
            reloading = asyncio.create_task(_reload(options, functions, console, watching))
            cleanup.callback(reloading.cancel)
            reloading.add_done_callback(lambda _: watching.set())
        else:
            watching.set()
        await asyncio.gather(functions.start(), watching.wait())
        paths, pages = _local_paths(template, functions, environment), Pages(options.web)
        if options.reload:
            in_browser = BrowserReload(options.web)
            paths |= in_browser.handlers()
            pages = Pages(options.web, changed=in_browser.with_script)
            watching_pages = asyncio.Event()
            page_watch = asyncio.create_task(in_browser.watch(watching_pages))
            cleanup.callback(page_watch.cancel)
            page_watch.add_done_callback(lambda _: watching_pages.set())
            await watching_pages.wait()
        front = Front(lambda: functions.pools, paths, pages)
        handle: http1.Handler = front.handle
        if not options.json_logs:
            handle = logged(
                handle,
                console.writer("local"),
                Style.of(sys.stdout),
                is_file=pages.has,
                function_of=lambda path: short_name(front.function_of(path) or ""),
            )
        server = await http1.serve(listener, handle)
        cleanup.callback(server.close_clients)
        cleanup.callback(server.close)
        port = listener.getsockname()[1]
        host = f"[{options.host}]" if ":" in options.host else options.host
        yield Running(
            f"http://{host}:{port}",
            servers.demo_providers,
            tuple(sorted(given)),
            (*_data_remarks(servers, data), *servers.remarks, *_spelling_remarks(options, settings)),
        )


def _secret(options: Options) -> str:
    try:
        return load_secret(options.state)
    except OSError as error:
        raise ServiceProcessError(f"the local secret cannot be stored in {options.state}: {error.strerror}.") from None


def _check_settings(template: Template, settings: FunctionSettings, options: Options, secret: str) -> None:
    """Validates the functions' settings before anything starts; unknown addresses get placeholders."""
    providers = provider_variables(provider_names(), options.environ, "http://127.0.0.1")
    variables = {"REDIS_URL": "redis://127.0.0.1", **settings.given(options.environ), **options.variables}
    environment = FunctionEnvironment(secret, providers, variables)
    for function in template.functions:
        settings.check(function, environment.variables_of(function))


def _data_remarks(servers: Servers, data: DataFolder | None) -> list[str]:
    if not (servers.own_dynamodb or servers.own_redis):
        return []
    if data is None:
        return ["Data is in memory only and lost when the stack stops."]
    return [f"Data is kept in {data.path} (FRESH=1 deletes it, DATA= keeps data in memory only)."]


def _spelling_remarks(options: Options, settings: FunctionSettings) -> list[str]:
    providers = {f"{name.upper()}_{what}" for name in provider_names() for what in ("API_KEY", "BASE_URL")}
    known = {name for name in (*settings.names, *NAMES, *providers) if not name.startswith("AWS_")}
    return [f"{name} is not a setting: did you mean {nearest}?" for name, nearest in misspelled(options.environ, known)]


def _local_paths(
    template: Template, functions: Functions, environment: FunctionEnvironment
) -> dict[str, http1.Handler]:
    async def metrics(exchange: http1.Exchange) -> None:
        headers = {"content-type": CONTENT_TYPE, "cache-control": "no-store"}
        await exchange.respond(200, headers, functions.metrics.text().encode())

    paths: dict[str, http1.Handler] = {
        "/local/metrics": metrics,
        **DashboardEndpoint(template.path, functions.metrics).handlers(),
    }
    for path, run in RunEndpoint(template, lambda: functions.pools).handlers().items():
        paths[path] = reject_cross_site(run)
    with_users = [function for function in template.functions if "USERS_TABLE" in function.environment]
    if with_users:
        endpoint = TokenEndpoint(environment.variables_of(with_users[0]))
        paths["/local/token"] = reject_cross_site(endpoint.handle)
    return paths


async def _reload(options: Options, functions: Functions, console: Console, watching: asyncio.Event) -> None:
    while True:
        folders = functions.folders
        async for changed in changes(options.template, folders, watching):
            try:
                template = read_template(options.template)
            except TemplateError as error:
                console.line("local", f"{error} The functions keep running unchanged.")
                continue
            console.line("local", f"{changed} changed: restarting functions.")
            await functions.update(template)
            if functions.folders != folders:
                break
