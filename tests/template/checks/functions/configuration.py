"""Functions: what runs, on what, with which layer, for how long."""

import ast
from collections.abc import Iterator, Sequence

from artefacts.sam import ROOT
from template.checks.stack import Stack, reference

RUNTIME = "python3.13"
LAMBDAS_LONGEST_SECONDS = 900
LEAST_MEGABYTES = 256
A_CALLERS_PATIENCE_SECONDS = 15
"""For an answer that comes as a whole."""

_LAYER = "AWS::Lambda::LayerVersion"
_PLATFORMS = "scripts/platforms"


def check_runtime(stack: Stack) -> Iterator[str]:
    """Python 3.13 on the chosen processor, traced."""
    processor = stack.value({"Ref": "Architecture"})
    for name in stack.functions:
        properties = stack.properties(name)
        if properties.get("Runtime") != RUNTIME:
            yield f"{name} runs {properties.get('Runtime')}"
        if properties.get("Architectures") != [processor]:
            yield f"{name} runs on {properties.get('Architectures')}, not on {processor}"
        if properties.get("TracingConfig") != {"Mode": "Active"}:
            yield f"{name} is not traced"


def check_layer(stack: Stack) -> Iterator[str]:
    """One layer, made for the functions' runtime and processor, and in each function once."""
    processor = stack.value({"Ref": "Architecture"})
    layers = stack.of_type(_LAYER)
    for name, properties in layers.items():
        if properties.get("CompatibleRuntimes") != [RUNTIME]:
            yield f"{name} is for {properties.get('CompatibleRuntimes')}"
        if properties.get("CompatibleArchitectures") != [processor]:
            yield f"{name} is for {properties.get('CompatibleArchitectures')}, not for {processor}"
    for name in stack.functions:
        used = [reference(layer) for layer in stack.properties(name).get("Layers", [])]
        if used != list(layers):
            yield f"{name} uses the layers {used}"


def check_build(stack: Stack) -> Iterator[str]:
    """Each artefact is built by its Makefile for the chosen processor, as `BuildArchitecture` tells SAM of layers."""
    processor = stack.value({"Ref": "Architecture"})
    for name, resource in stack.source["Resources"].items():
        properties = resource.get("Properties", {})
        folder = properties.get("CodeUri") or properties.get("ContentUri")
        if folder is None:
            continue
        metadata = stack.value(resource.get("Metadata", {}))
        if metadata.get("BuildMethod") != "makefile" or not (ROOT / folder / "Makefile").is_file():
            yield f"{name} is not built by a Makefile"
        if metadata.get("WorkingDirectory") != f"{_PLATFORMS}/{processor}":
            yield f"{name} is built in {metadata.get('WorkingDirectory')}, for {processor}"
        if "ContentUri" in properties and metadata.get("BuildArchitecture") != processor:
            yield f"{name} is built for {metadata.get('BuildArchitecture')}, not for {processor}"


def check_handlers(stack: Stack) -> Iterator[str]:
    """Each handler is a name that its module defines."""
    for name, function in stack.functions.items():
        module, _, attribute = stack.properties(name)["Handler"].rpartition(".")
        file = (ROOT / function["Properties"]["CodeUri"]).joinpath(*module.split(".")).with_suffix(".py")
        if not file.is_file():
            yield f"{name}: there is no module {module}"
        elif attribute not in set(_defined(ast.parse(file.read_text()).body)):
            yield f"{name}: {module} has no {attribute}"


def check_timeouts(stack: Stack) -> Iterator[str]:
    """Within Lambda's limit for any value of a parameter, and within a caller's patience unless it streams."""
    for name, function in stack.functions.items():
        written = function["Properties"].get("Timeout")
        parameter = stack.source["Parameters"].get(reference(written) or "", {})
        seconds = int(parameter.get("MaxValue", 0)) if parameter else int(written or 0)
        if not 0 < seconds <= LAMBDAS_LONGEST_SECONDS:
            yield f"{name} may take {seconds} s, where Lambda's limit is {LAMBDAS_LONGEST_SECONDS} s"
        url = function["Properties"].get("FunctionUrlConfig")
        if url and url.get("InvokeMode") != "RESPONSE_STREAM" and seconds > A_CALLERS_PATIENCE_SECONDS:
            yield f"{name} may let a caller wait {seconds} s"


def check_memory(stack: Stack) -> Iterator[str]:
    """A parameter decides, and Lambda's own default is too little to start in time."""
    for name, function in stack.functions.items():
        parameter = stack.source["Parameters"].get(reference(function["Properties"].get("MemorySize")) or "", {})
        if int(parameter.get("MinValue", 0)) < LEAST_MEGABYTES:
            yield f"{name} may have too little memory: {function['Properties'].get('MemorySize')}"


def check_streaming(stack: Stack) -> Iterator[str]:
    """The project's own runtime client where answers stream, and only there."""
    for name, function in stack.functions.items():
        streams = function["Properties"].get("FunctionUrlConfig", {}).get("InvokeMode") == "RESPONSE_STREAM"
        wrapper = stack.variables(name).get("AWS_LAMBDA_EXEC_WRAPPER")
        if wrapper != ("/var/task/bootstrap" if streams else None):
            yield f"{name} is started by {wrapper}"


def check_snap_start(stack: Stack) -> Iterator[str]:
    """Optional where a client waits for the function; elsewhere it would only cost money."""
    wanted = stack.value({"Ref": "SnapStart"}) == "on"
    for name, function in stack.functions.items():
        buffers = function["Properties"].get("FunctionUrlConfig", {}).get("InvokeMode") == "BUFFERED"
        applied = stack.properties(name).get("SnapStart", {}).get("ApplyOn", "None")
        if applied != ("PublishedVersions" if wanted and buffers else "None"):
            yield f"{name}: SnapStart is for {applied}"


def check_paths(stack: Stack) -> Iterator[str]:
    """What the local stack serves: the functions with a URL, no path twice."""
    seen: dict[str, str] = {}
    for name, function in stack.functions.items():
        paths = function.get("Metadata", {}).get("Paths", [])
        if bool(paths) != ("FunctionUrlConfig" in function["Properties"]):
            yield f"{name} has the paths {paths}"
        for path in paths:
            if seen.setdefault(path, name) != name:
                yield f"{path} belongs to {seen[path]} and {name}"


def _defined(statements: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.ImportFrom(names=names):
                yield from (alias.asname or alias.name for alias in names)
            case ast.With(body=body):
                yield from _defined(body)
            case _:
                pass
