"""The template's functions as running processes, and their environment variables."""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local_stack.emulator.launch import Launcher
from local_stack.emulator.pool import Pool
from local_stack.emulator.sandbox import Sandbox
from local_stack.emulator.schedule import run as run_schedule
from local_stack.metrics.lambda_metrics import LambdaMetrics
from local_stack.metrics.recorder import MetricsRecorder
from local_stack.options import Options
from local_stack.processes.guardian import Guardian
from local_stack.sam.template import FunctionSpec, Template
from local_stack.terminal.console import Console, Style, short_name
from local_stack.terminal.log_lines import readable
from local_stack.token import ALGORITHM, AUDIENCE, ISSUER

REAP_EVERY_SECONDS = 5.0
SAMPLE_EVERY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class FunctionEnvironment:
    """The part of a function's environment that depends on this machine."""

    auth_secret: str
    provider_variables: Mapping[str, str]
    variables: Mapping[str, str]
    """Variables of all functions; they override the template and the stack."""

    def variables_of(self, function: FunctionSpec) -> dict[str, str]:
        """The function's environment, with secret ARNs replaced by the secrets."""
        own = dict(function.environment)
        if own.pop("AUTH_SECRET_ARN", None) is not None:
            own |= {
                "AUTH_SECRET": self.auth_secret,
                "JWT_ALGORITHM": ALGORITHM,
                "JWT_AUDIENCE": AUDIENCE,
                "JWT_ISSUER": ISSUER,
                "JWKS_URL": "",
            }
        if own.pop("PROVIDER_KEYS_SECRET_ARN", None) is not None:
            own |= self.provider_variables
        return own | dict(self.variables)


class Functions:
    """The process pools of all functions, by function name."""

    def __init__(
        self,
        template: Template,
        options: Options,
        environment: FunctionEnvironment,
        guardian: Guardian,
        console: Console,
    ) -> None:
        self.metrics = MetricsRecorder()
        self.pools: dict[str, Pool] = {}
        self._removed: list[Pool] = []
        self._options = options
        self._guardian = guardian
        self._console = console
        self._style = Style.of(sys.stdout)
        self._launcher = Launcher(
            environment.variables_of,
            runtime=options.state / "runtime" if options.artefacts else None,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._take(template)

    @property
    def folders(self) -> set[Path]:
        """The folders of the functions' code and layers."""
        specs = [pool.function for pool in self.pools.values()]
        return {folder for spec in specs for folder in (spec.code, *spec.layers)}

    async def start(self) -> None:
        """Starts one process for each function with a URL; returns when they are initialised or have failed."""
        await self._warm_up()
        self._tasks += [asyncio.create_task(self._reap()), asyncio.create_task(self._sample())]
        for pool in self.pools.values():
            for schedule in pool.function.schedules:
                log = self._console.writer(short_name(pool.function.name))
                self._tasks.append(asyncio.create_task(run_schedule(pool, schedule, log)))

    async def update(self, template: Template) -> None:
        """Replaces all processes after a change of code or template; old ones finish their invocations."""
        self._take(template)
        for name in self.pools.keys() - {function.name for function in template.functions}:
            self._removed.append(self.pools.pop(name))
            self._removed[-1].retire()
        await self._warm_up()

    async def stop(self) -> None:
        """Kills all processes."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.gather(*(pool.stop() for pool in [*self.pools.values(), *self._removed]))

    def _take(self, template: Template) -> None:
        for function in template.functions:
            seconds = self._options.timeouts.get(function.name, function.timeout_seconds)
            spec = replace(function, timeout_seconds=seconds)
            if (pool := self.pools.get(function.name)) is not None:
                pool.replace(spec)
            else:
                self.pools[function.name] = Pool(
                    spec,
                    self._sandbox,
                    max_processes=self._options.max_processes,
                    metrics=LambdaMetrics(self.metrics, function.name),
                )

    async def _warm_up(self) -> None:
        await asyncio.gather(*(pool.warm_up() for pool in self.pools.values() if pool.function.url is not None))

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(min(REAP_EVERY_SECONDS, self._options.idle_seconds))
            for pool in self.pools.values():
                pool.reap(self._options.idle_seconds)

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_EVERY_SECONDS)
            for pool in self.pools.values():
                pool.metrics.sample()

    def _sandbox(self, function: FunctionSpec) -> Sandbox:
        write = self._console.writer(short_name(function.name))

        def log(line: str) -> None:
            self.metrics.record_line(line)
            shown = line if self._options.json_logs else readable(line, self._style)
            if shown is not None:
                write(shown)

        concurrency = self._options.stream_concurrency if function.streams else 1
        return Sandbox(function, self._launcher, self._guardian, concurrency=concurrency, log=log)
