"""The sides of the runtime's bench: the same bare application under lambda_asgi and under what else streams.

Each peer is built from its registry into ``.build`` when it is first used.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.runtime_api import Function

ROOT = Path(__file__).parents[2]
ADAPTER_VERSION = "0.9.1"
_APPLICATIONS = Path(__file__).parent
_BUILD = ROOT / ".build"
_NODE_SOURCE = _APPLICATIONS / "node"
_NODE_BUILD = _BUILD / "bench-node"
_UVICORN_BUILD = _BUILD / "bench-uvicorn"
_ADAPTER_BUILD = _BUILD / f"bench-adapter-{ADAPTER_VERSION}"

ENVIRON = {
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench",
    "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
}
"""What Lambda sets for every function; Node's client refuses to start without it."""


class MissingPeerError(Exception):
    """A peer that cannot be built on this machine; the text says what is missing."""


@dataclass(frozen=True)
class Side:
    """A column of the table: its title, and what starts its process; ``start`` is None if it is missing here."""

    title: str
    start: Callable[[], Function] | None


def sides() -> list[Side]:
    """lambda_asgi first, then the peers."""
    return [
        Side(f"lambda_asgi (Python {sys.version.split()[0]})", lambda: Function(*lambda_asgi("runtime_app.app"))),
        _peer("aws-lambda-ric (Node {})", _node),
        _peer("aws-lambda-ric (Node {})", _newer_node),
        _peer("Web Adapter {} + uvicorn", _adapter),
    ]


def _peer(title: str, build: Callable[[], tuple[str, Callable[[], Function]]]) -> Side:
    try:
        version, start = build()
    except MissingPeerError as missing:
        return Side(f"{title.format('?')}: {missing}", None)
    return Side(title.format(version), start)


def lambda_asgi(handler: str) -> tuple[list[str], dict[str, str]]:
    """The command and the environment of lambda_asgi with a handler of this folder."""
    command = [str(ROOT / "functions/stream/bootstrap"), sys.executable, "/var/runtime/bootstrap.py"]
    task = {"_HANDLER": handler, "LAMBDA_TASK_ROOT": str(_APPLICATIONS), "PYTHONPATH": str(ROOT / "layers/common")}
    return command, ENVIRON | task


def start_node(node: str = "node", **environ: str) -> Function:
    """A process of AWS's Node.js client."""
    return Function(
        [node, str(_NODE_BUILD / "node_modules/aws-lambda-ric/index.mjs"), "handler.handler"],
        ENVIRON | {"_HANDLER": "handler.handler", "LAMBDA_TASK_ROOT": str(_NODE_BUILD)} | environ,
    )


def uvicorn_command(application: str, port: int) -> list[str]:
    """Uvicorn with uvloop and httptools, as its extra "standard" installs them."""
    options = ("--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--log-level", "warning")
    return [_uvicorn_python(), "-m", "uvicorn", application, "--app-dir", str(_APPLICATIONS), *options]


def free_port() -> int:
    """A port of the loopback interface that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _node() -> tuple[str, Callable[[], Function]]:
    _require("node", "npm", "cmake", "autoconf", "automake", "libtoolize")
    _NODE_BUILD.mkdir(parents=True, exist_ok=True)
    for source in _NODE_SOURCE.iterdir():
        shutil.copy(source, _NODE_BUILD)
    if not (_NODE_BUILD / "node_modules/aws-lambda-ric/rapid-client.node").exists() or not _newer_node_path().exists():
        _build(["npm", "ci", "--no-audit", "--no-fund", "--foreground-scripts"], _NODE_BUILD)
    return _version("node", "--version"), start_node


def _newer_node() -> tuple[str, Callable[[], Function]]:
    """The client is built by `_node`; its native part has an interface that does not depend on Node's version."""
    _node()
    node = str(_newer_node_path())
    if not Path(node).exists():
        raise MissingPeerError("no package for this processor")
    return _version(node, "--version"), lambda: start_node(node)


def _newer_node_path() -> Path:
    processor = {"aarch64": "arm64", "x86_64": "x64"}.get(os.uname().machine, "")
    return _NODE_BUILD / f"node_modules/node-linux-{processor}/bin/node"


def _adapter() -> tuple[str, Callable[[], Function]]:
    _require("cargo")
    adapter = _ADAPTER_BUILD / "bin" / "lambda-adapter"
    if not adapter.exists():
        _ADAPTER_BUILD.mkdir(parents=True, exist_ok=True)
        install = ["cargo", "install", "lambda_web_adapter", "--version", ADAPTER_VERSION, "--locked"]
        _build([*install, "--root", str(_ADAPTER_BUILD)], _ADAPTER_BUILD)

    def start() -> Function:
        port = free_port()
        environ = ENVIRON | {
            "_HANDLER": "run.sh",
            "LAMBDA_TASK_ROOT": str(_APPLICATIONS),
            "AWS_LWA_PORT": str(port),
            "AWS_LWA_INVOKE_MODE": "response_stream",
            "AWS_LWA_READINESS_CHECK_PROTOCOL": "tcp",
        }
        return Function([str(adapter)], environ, beside=[uvicorn_command("runtime_app:app", port)])

    _uvicorn_python()
    return ADAPTER_VERSION, start


def _uvicorn_python() -> str:
    python = _UVICORN_BUILD / "bin" / "python"
    if not python.exists():
        uv = str(ROOT / ".uv/bin/uv")
        _UVICORN_BUILD.mkdir(parents=True, exist_ok=True)
        _build([uv, "venv", "--clear", "--python", sys.executable, str(_UVICORN_BUILD)], _BUILD)
        lock = str(ROOT / "requirements/bench.txt")
        _build([uv, "pip", "install", "--python", str(python), "--require-hashes", "-r", lock], _BUILD)
    return str(python)


def _require(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            raise MissingPeerError(f"no {tool} here")


def _build(command: list[str], folder: Path) -> None:
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("w") as output:
        done = subprocess.run(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise MissingPeerError(f"{Path(command[0]).name} failed, see {log}")


def _version(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip("v\n")
