"""The template's functions, tables and schedules as typed values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_stack.sam.cloudformation import Resolver, TemplateError, load

STREAMING = "RESPONSE_STREAM"
_DEFAULT_TIMEOUT_SECONDS = 3
_DEFAULT_MEMORY_MB = 128
_MERGED = ("Environment", "Layers", "Tags")


@dataclass(frozen=True, slots=True)
class CorsSpec:
    """A Function URL's CORS configuration; by default nothing is allowed."""

    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age_seconds: int = 0


@dataclass(frozen=True, slots=True)
class UrlSpec:
    """A Function URL."""

    invoke_mode: str = "BUFFERED"
    cors: CorsSpec | None = None

    @property
    def streams(self) -> bool:
        return self.invoke_mode == STREAMING


@dataclass(frozen=True, slots=True)
class ScheduleSpec:
    """A function's schedule: EventBridge's expression, and the event's JSON if the template sets one."""

    name: str
    expression: str
    payload: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One function. `code` is its task root; `layers` are the layers' import paths in order."""

    name: str
    handler: str
    code: Path
    layers: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = _DEFAULT_TIMEOUT_SECONDS
    memory_mb: int = _DEFAULT_MEMORY_MB
    url: UrlSpec | None = None
    paths: tuple[str, ...] = ()
    schedules: tuple[ScheduleSpec, ...] = ()

    @property
    def streams(self) -> bool:
        return self.url is not None and self.url.streams


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One DynamoDB table; `properties` are CloudFormation's, resolved."""

    name: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """A parameter of the template; without `allowed_values` any value is allowed."""

    name: str
    allowed_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """Everything the local stack runs. `parameters` are those that set a function's variable, by variable name."""

    path: Path
    functions: tuple[FunctionSpec, ...]
    tables: tuple[TableSpec, ...]
    parameters: Mapping[str, ParameterSpec] = field(default_factory=dict)


def read_template(path: Path, parameters: Mapping[str, str] | None = None) -> Template:
    """Reads and resolves a template; code and layer folders are relative to it.

    Raises:
        TemplateError: the template cannot be read or lacks a required property.
    """
    document = load(path)
    resolver = Resolver(document, parameters)
    defaults = (document.get("Globals") or {}).get("Function") or {}
    functions, tables = [], []
    found: dict[str, ParameterSpec] = {}
    for name, resource in document["Resources"].items():
        if "Condition" in resource and not resolver.resolve({"Condition": resource["Condition"]}):
            continue
        kind = resource.get("Type")
        if kind == "AWS::Serverless::Function":
            unresolved = _with_defaults(defaults, resource.get("Properties") or {})
            found |= _parameters(unresolved, document.get("Parameters") or {})
            properties = resolver.resolve(unresolved)
            metadata = resolver.resolve(resource.get("Metadata") or {})
            functions.append(_function(name, properties, metadata, document["Resources"], path.parent))
        elif kind == "AWS::DynamoDB::Table":
            tables.append(TableSpec(resolver.resolve({"Ref": name}), resolver.resolve(resource["Properties"])))
    return Template(path, tuple(functions), tuple(tables), found)


def _with_defaults(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Merges Globals and a function's properties as SAM does: maps by key, lists concatenated."""
    merged = {**defaults, **own}
    for key in _MERGED:
        if key in defaults and key in own:
            merged[key] = _merge(defaults[key], own[key])
    return merged


def _merge(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **{key: _merge(below[key], value) if key in below else value for key, value in above.items()}}
    if isinstance(below, list) and isinstance(above, list):
        return [*below, *above]
    return above


def _function(
    name: str, properties: Mapping[str, Any], metadata: Mapping[str, Any], resources: Mapping[str, Any], folder: Path
) -> FunctionSpec:
    for required in ("Handler", "CodeUri"):
        if required not in properties:
            raise TemplateError(f"{name} has no {required}.")
    variables = (properties.get("Environment") or {}).get("Variables") or {}
    url = properties.get("FunctionUrlConfig")
    return FunctionSpec(
        name=name,
        handler=properties["Handler"],
        code=_folder(name, folder / properties["CodeUri"]),
        layers=tuple(_layer(name, reference, resources, folder) for reference in properties.get("Layers") or ()),
        environment={key: _environment_text(value) for key, value in variables.items()},
        timeout_seconds=float(properties.get("Timeout", _DEFAULT_TIMEOUT_SECONDS)),
        memory_mb=int(properties.get("MemorySize", _DEFAULT_MEMORY_MB)),
        url=None if url is None else UrlSpec(url.get("InvokeMode", "BUFFERED"), _cors(url.get("Cors"))),
        paths=tuple(metadata.get("Paths") or ()),
        schedules=tuple(_schedules(properties.get("Events") or {})),
    )


def _parameters(function: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, ParameterSpec]:
    """The parameters that a variable of the function refers to as its whole value."""
    variables = (function.get("Environment") or {}).get("Variables") or {}
    references = {name: str(value.get("Ref")) for name, value in variables.items() if isinstance(value, dict)}
    return {
        name: ParameterSpec(parameter, tuple(map(str, parameters[parameter].get("AllowedValues") or ())))
        for name, parameter in references.items()
        if parameter in parameters
    }


def _layer(function: str, reference: str, resources: Mapping[str, Any], folder: Path) -> Path:
    """A layer's import path: ``python/`` in a built layer, the root folder in the sources."""
    properties = (resources.get(reference) or {}).get("Properties") or {}
    if "ContentUri" not in properties:
        raise TemplateError(f"{function} uses the layer {reference}, which is not in the template.")
    root = _folder(reference, folder / properties["ContentUri"])
    return root / "python" if (root / "python").is_dir() else root


def _folder(name: str, path: Path) -> Path:
    if not path.is_dir():
        raise TemplateError(f"{name}: the folder {path} does not exist.")
    return path.resolve()


def _cors(properties: Mapping[str, Any] | None) -> CorsSpec | None:
    if not properties:
        return None
    return CorsSpec(
        allow_origins=tuple(properties.get("AllowOrigins") or ()),
        allow_methods=tuple(properties.get("AllowMethods") or ()),
        allow_headers=tuple(properties.get("AllowHeaders") or ()),
        expose_headers=tuple(properties.get("ExposeHeaders") or ()),
        allow_credentials=bool(properties.get("AllowCredentials")),
        max_age_seconds=int(properties.get("MaxAge") or 0),
    )


def _schedules(events: Mapping[str, Any]) -> list[ScheduleSpec]:
    found = []
    for name, event in events.items():
        if event.get("Type") not in {"Schedule", "ScheduleV2"}:
            continue
        properties = event.get("Properties") or {}
        enabled = properties.get("Enabled", True) and properties.get("State", "ENABLED") == "ENABLED"
        if enabled:
            expression = properties.get("Schedule") or properties.get("ScheduleExpression") or ""
            found.append(ScheduleSpec(name, expression, properties.get("Input")))
    return found


def _environment_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
