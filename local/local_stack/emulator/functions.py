"""The template's functions as running processes, and what they are told of their surroundings."""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local_stack.console import Console, Style, short_name
from local_stack.emulator.launch import Launcher
from local_stack.emulator.pool import Pool
from local_stack.emulator.sandbox import Sandbox
from local_stack.emulator.schedule import run as run_schedule
from local_stack.log_lines import readable
from local_stack.metrics.lambda_metrics import LambdaMetrics
from local_stack.metrics.recorder import MetricsRecorder
from local_stack.options import Options
from local_stack.processes.guardian import Guardian
from local_stack.sam.template import FunctionSpec, Template
from local_stack.token import ALGORITHM, AUDIENCE, ISSUER

REAP_EVERY_SECONDS = 5.0
SAMPLE_EVERY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a function's variables say of the machine it runs on."""

    auth_secret: str
    provider_variables: Mapping[str, str]
    variables: Mapping[str, str]
    """For all functions, over what the template says and the stack itself sets."""

    def variables_of(self, function: FunctionSpec) -> dict[str, str]:
        """The function's environment: secrets take the place of the names of secrets."""
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
    """All pools, by the functions' names."""

    def __init__(
        self, template: Template, options: Options, surroundings: Surroundings, guardian: Guardian, console: Console
    ) -> None:
        self.metrics = MetricsRecorder()
        self.pools: dict[str, Pool] = {}
        self._removed: list[Pool] = []
        self._options = options
        self._guardian = guardian
        self._console = console
        self._style = Style.of(sys.stdout)
        self._launcher = Launcher(
            surroundings.variables_of,
            runtime=options.state / "runtime" if options.artefacts else None,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._take(template)

    @property
    def folders(self) -> set[Path]:
        """Where the code is."""
        specs = [pool.function for pool in self.pools.values()]
        return {folder for spec in specs for folder in (spec.code, *spec.layers)}

    async def start(self) -> None:
        """One warm process for each function with a URL; returns when they are ready or have failed."""
        await self._warm_up()
        self._tasks += [asyncio.create_task(self._reap()), asyncio.create_task(self._sample())]
        for pool in self.pools.values():
            for schedule in pool.function.schedules:
                log = self._console.writer(short_name(pool.function.name))
                self._tasks.append(asyncio.create_task(run_schedule(pool, schedule, log)))

    async def update(self, template: Template) -> None:
        """New code or a new template: new processes; invocations that run are finished by the old ones."""
        self._take(template)
        for name in self.pools.keys() - {function.name for function in template.functions}:
            self._removed.append(self.pools.pop(name))
            self._removed[-1].retire()
        await self._warm_up()

    async def stop(self) -> None:
        """Ends everything at once."""
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
                    figures=LambdaMetrics(self.metrics, function.name),
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
                pool.figures.sample()

    def _sandbox(self, function: FunctionSpec) -> Sandbox:
        write = self._console.writer(short_name(function.name))

        def log(line: str) -> None:
            self.metrics.take(line)
            shown = line if self._options.json_logs else readable(line, self._style)
            if shown is not None:
                write(shown)

        concurrency = self._options.stream_concurrency if function.streams else 1
        return Sandbox(function, self._launcher, self._guardian, concurrency=concurrency, log=log)
