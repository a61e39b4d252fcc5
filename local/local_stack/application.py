"""Runs the stack until a signal arrives, then shuts it down."""

import asyncio
import os
import signal

from local_stack.options import Options
from local_stack.processes.service_process import ServiceProcessError
from local_stack.sam.cloudformation import TemplateError
from local_stack.services.data_folder import DataFolderError
from local_stack.settings import InvalidSettingError
from local_stack.stack import running
from local_stack.terminal.banner import banner
from local_stack.terminal.console import Console

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def _run(options: Options) -> int:
    console = Console()
    signalled = asyncio.Event()
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, _signalled, signalled)
    work = asyncio.create_task(_serve(options, console))
    waiting = asyncio.create_task(signalled.wait())
    await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if work.done():
        return work.result()
    work.cancel()
    await asyncio.wait({work})
    console.plain("chat-sse has stopped.")
    return 0


def _signalled(signalled: asyncio.Event) -> None:
    if signalled.is_set():
        # A second signal exits immediately. The guardian kills the remaining processes.
        os._exit(1)
    signalled.set()


async def _serve(options: Options, console: Console) -> int:
    try:
        async with running(options, console) as stack:
            console.plain(banner(stack))
            await asyncio.Event().wait()
    except OSError as error:
        console.plain(
            f"chat-sse cannot listen on {options.host}:{options.port}: {error.strerror or error}. "
            "Set PORT= or HOST= to use another address."
        )
    except InvalidSettingError as error:
        console.plain(f"chat-sse cannot start: {error}")
        return 2
    except (DataFolderError, TemplateError, ServiceProcessError) as error:
        console.plain(f"chat-sse cannot start: {error}")
    return 1


def run(options: Options) -> int:
    """Runs the stack; returns the exit code."""
    return asyncio.run(_run(options))
