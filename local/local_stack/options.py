"""The stack's settings: environment variables for users, command line arguments for programs."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from local_stack.providers import provider_names

ROOT = Path(__file__).resolve().parents[2]
"""The project's folder."""


NAMES = (
    "AWS_ENDPOINT_URL_DYNAMODB",
    "DATA",
    "DEMO_TOKENS_PER_SECOND",
    "FRESH",
    "HOST",
    "IDLE_SECONDS",
    "LOGS",
    "MAX_PROCESSES",
    "PORT",
    "REDIS_URL",
    "STREAM_CONCURRENCY",
)
"""The environment variables that are the stack's own settings."""


class OptionsError(Exception):
    """An invalid setting; the message is one sentence."""


@dataclass(frozen=True)
class Options:
    """The stack's settings.

    `data` is the folder that persists DynamoDB and Redis, None for memory only; `fresh` deletes its data first.
    `json_logs` prints the functions' logs unchanged. `environ` provides the functions' settings, provider keys, and
    addresses of DynamoDB and Redis.
    """

    host: str = "127.0.0.1"
    port: int = 3000
    template: Path = ROOT / "template.yaml"
    web: Path = ROOT / "web"
    state: Path = ROOT / ".local"
    data: Path | None = ROOT / ".local/data"
    fresh: bool = False
    artefacts: bool = False
    max_processes: int = 10
    stream_concurrency: int = 1
    idle_seconds: float = 300.0
    reload: bool = True
    json_logs: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    timeouts: Mapping[str, float] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)


def parse_options(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> Options:
    """Parses the command line and the environment.

    Raises:
        OptionsError: an environment variable is invalid, or `--web` is not a folder.
        SystemExit: the arguments are invalid or contain --help.
    """
    parsed = _parser().parse_args(arguments)
    _check(environ)
    if not parsed.web.is_dir():
        raise OptionsError(f"--web must be a folder, not {str(parsed.web)!r}.")
    template, artefacts = parsed.template, False
    if parsed.artefacts is not None:
        template, artefacts = parsed.artefacts / "template.yaml", True
    return Options(
        host=environ.get("HOST") or Options.host,
        port=_number(environ, "PORT", Options.port, minimum=0, maximum=65535),
        template=template.resolve(),
        web=parsed.web,
        state=parsed.state,
        data=_data(environ, parsed.state),
        fresh=_flag(environ, "FRESH"),
        artefacts=artefacts,
        max_processes=_number(environ, "MAX_PROCESSES", Options.max_processes, minimum=1),
        stream_concurrency=_number(environ, "STREAM_CONCURRENCY", Options.stream_concurrency, minimum=1),
        idle_seconds=float(_number(environ, "IDLE_SECONDS", int(Options.idle_seconds), minimum=1)),
        reload=not (parsed.no_reload or artefacts),
        json_logs=_logs(environ) == "json",
        variables=dict(parsed.set),
        timeouts={name: _seconds(name, value) for name, value in parsed.timeout},
        environ=environ,
    )


def _check(environ: Mapping[str, str]) -> None:
    """Validates variables that the stack only passes on."""
    rate = environ.get("DEMO_TOKENS_PER_SECOND") or "0"
    try:
        fits = 0 <= float(rate) < float("inf")
    except ValueError:
        fits = False
    if not fits:
        raise OptionsError(f"DEMO_TOKENS_PER_SECOND must be a number from 0 (as fast as possible), not {rate!r}.")
    for name in ("AWS_ENDPOINT_URL_DYNAMODB", *(f"{provider.upper()}_BASE_URL" for provider in provider_names())):
        url = urlsplit(environ.get(name) or "http://none")
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise OptionsError(f"{name} must be http://host:port or https://host:port, not {environ[name]!r}.")


def _data(environ: Mapping[str, str], state: Path) -> Path | None:
    """DATA, relative to the current folder; None if it is empty; if unset, `data` in the state folder."""
    if "DATA" not in environ:
        return state.absolute() / "data"
    return Path(environ["DATA"]).absolute() if environ["DATA"] else None


def _logs(environ: Mapping[str, str]) -> str:
    text = environ.get("LOGS") or "text"
    if text not in {"text", "json"}:
        raise OptionsError(f"LOGS must be text or json, not {text!r}.")
    return text


def _flag(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name) or "0"
    values = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in values:
        raise OptionsError(f"{name} must be 1 or 0, not {text!r}.")
    return values[text.lower()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local_stack",
        description="Runs the whole system on this machine.",
        epilog="Environment: HOST, PORT, MAX_PROCESSES (of each function), STREAM_CONCURRENCY, IDLE_SECONDS, "
        "DATA (a folder; empty: memory), FRESH=1, LOGS (text or json), REDIS_URL, AWS_ENDPOINT_URL_DYNAMODB, "
        "DEMO_TOKENS_PER_SECOND, "
        "for each provider <PROVIDER>_API_KEY and <PROVIDER>_BASE_URL, and every setting of a function.",
    )
    defaults = Options()
    parser.add_argument("--template", type=Path, default=defaults.template, help="the template to run")
    parser.add_argument("--artefacts", type=Path, metavar="DIR", help="run the output of `sam build` (.aws-sam/build)")
    parser.add_argument("--web", type=Path, default=defaults.web, help="folder of the demo page")
    parser.add_argument("--state", type=Path, default=defaults.state, help="folder of the local secret and the data")
    parser.add_argument("--no-reload", action="store_true", help="do not restart processes when files change")
    parser.add_argument(
        "--set", type=_pair, action="append", default=[], metavar="NAME=VALUE", help="set a variable of all functions"
    )
    parser.add_argument(
        "--timeout",
        type=_pair,
        action="append",
        default=[],
        metavar="FUNCTION=SECONDS",
        help="override the template's timeout",
    )
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _number(environ: Mapping[str, str], name: str, default: int, *, minimum: int, maximum: int | None = None) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit()) or int(text) < minimum or (maximum is not None and int(text) > maximum):
        limits = f"a whole number from {minimum}" + (f" to {maximum}" if maximum is not None else "")
        raise OptionsError(f"{name} must be {limits}, not {text!r}.")
    return int(text)


def _seconds(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise OptionsError(f"The timeout of {name} must be a number of seconds, not {text!r}.") from None
