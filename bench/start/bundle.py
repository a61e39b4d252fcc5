"""What the bundles of byte code save at a cold start of the stream function, against the same artefact without them."""

import statistics
from dataclasses import dataclass, field

from bench.figures import Figure, Suite
from bench.functions.stream_lab import dynamodb
from bench.runtime_api import Function
from bench.start.artefacts import RUNTIME, build, drop_from_page_cache
from bench.start.cold_start import function_variables, store_secret
from local_stack.emulator.launch import Launcher
from local_stack.sam.template import FunctionSpec, Template

STARTS = 21


@dataclass(frozen=True)
class _Timings:
    """Seconds, and CPU seconds, from the start of each process to its first /next."""

    starts: list[float] = field(default_factory=list)
    starts_cpu: list[float] = field(default_factory=list)


def run() -> Suite:
    """Both sides in turns and in either order, so that what else the machine does falls on both."""
    built = build()
    sides = [_stream_function(template) for template in (built.shipped, built.without_bundle)]
    warm, cold = ([_Timings(), _Timings()] for _ in range(2))
    with dynamodb() as endpoint:
        secret_arn = store_secret(endpoint)
        launcher = Launcher(lambda function: function_variables(function, endpoint, secret_arn), runtime=RUNTIME)
        for number in range(STARTS):
            order = (0, 1) if number % 2 else (1, 0)
            for side in order:
                drop_from_page_cache(sides[side])
                _measure(launcher, sides[side], cold[side])
            for side in order:
                _measure(launcher, sides[side], warm[side])
    return Suite(
        title=f"bundle: cold starts of the built stream function, medians of {STARTS} processes",
        ours="as shipped",
        peer="without bundles",
        figures=(
            _figure("start to first /next", warm, limit=1.05),
            _figure("  artefacts not in the page cache", cold, limit=0.95),
        ),
    )


def _stream_function(template: Template) -> FunctionSpec:
    return next(function for function in template.functions if function.name == "StreamFunction")


def _measure(launcher: Launcher, function: FunctionSpec, into: _Timings) -> None:
    launch = launcher.launch(function, "", 1)
    with Function(launch.command, launch.env, launch.cwd) as process:
        into.starts.append(process.start_seconds)
        into.starts_cpu.append(process.cpu_seconds)


def _figure(name: str, sides: list[_Timings], limit: float) -> Figure:
    ours, peer = (statistics.median(timings.starts) * 1e3 for timings in sides)
    cpu = " and ".join(f"{statistics.median(timings.starts_cpu) * 1e3:.0f}" for timings in sides)
    return Figure(name, "ms", ours, peer, limit, note=f"CPU {cpu}")
