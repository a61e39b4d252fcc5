"""The command, folder and environment of a function's process, as in Lambda.

Source: docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
"""

import importlib.util
import os
import sys
import uuid
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local_stack.sam.cloudformation import ACCOUNT_ID, REGION
from local_stack.sam.template import FunctionSpec

_RUNTIME_CLIENT = ("awslambdaric", "runtime_client", "snapshot_restore_py", "simplejson")
_FROM_HERE = ("PATH", "HOME", "LANG")
FAKE_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    # Never use the developer's own account or the machine's role.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def given_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """The fake credentials, overridden by the environment; a given access key drops the fake session token."""
    given = {name: environ[name] for name in FAKE_CREDENTIALS if environ.get(name)}
    return {**FAKE_CREDENTIALS, **({"AWS_SESSION_TOKEN": ""} if "AWS_ACCESS_KEY_ID" in given else {}), **given}


@dataclass(frozen=True, slots=True)
class Launch:
    """The parameters of a process to start."""

    command: Sequence[str]
    env: Mapping[str, str]
    cwd: Path


class Launcher:
    """Builds launch parameters for functions, from sources or from built artefacts in an isolated interpreter."""

    def __init__(
        self,
        variables: Callable[[FunctionSpec], Mapping[str, str]],
        *,
        runtime: Path | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`variables` returns a function's own environment.

        `runtime` is a folder in which to create an interpreter with Lambda's runtime client only: functions then import
        only what their artefacts contain, as in Lambda. Without it they import from the project's environment.
        """
        self._variables = variables
        self._environ = environ
        self._bare = runtime is not None
        self._python = sys.executable if runtime is None else make_runtime(runtime)

    def arn(self, function: FunctionSpec) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{function.name}"

    def runtime(self, function: FunctionSpec) -> str:
        """The name of the function's runtime, for the log."""
        return "lambda_asgi" if "AWS_LAMBDA_EXEC_WRAPPER" in function.environment else "awslambdaric"

    def launch(self, function: FunctionSpec, runtime_api: str, concurrency: int) -> Launch:
        """Launch parameters of a process that uses the Runtime API at `runtime_api` (host and port)."""
        own = dict(self._variables(function))
        command = [self._python, "-m", "awslambdaric", function.handler]
        if wrapper := own.get("AWS_LAMBDA_EXEC_WRAPPER"):
            wrapper = _local_path(function, wrapper)
            own["AWS_LAMBDA_EXEC_WRAPPER"] = wrapper
            command.insert(0, wrapper)
        env = {
            **{name: self._environ[name] for name in _FROM_HERE if name in self._environ},
            **FAKE_CREDENTIALS,
            **own,
            **self._platform(function, runtime_api, concurrency),
        }
        return Launch(command, env, function.code)

    def _platform(self, function: FunctionSpec, runtime_api: str, concurrency: int) -> dict[str, str]:
        env = {
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}",
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "LAMBDA_TASK_ROOT": str(function.code),
            "PYTHONPATH": os.pathsep.join(map(str, [function.code, *function.layers])),
            "TZ": ":UTC",
            "_HANDLER": function.handler,
        }
        if concurrency > 1:
            env["AWS_LAMBDA_INITIALIZATION_TYPE"] = "lambda-managed-instances"
            env["AWS_LAMBDA_MAX_CONCURRENCY"] = str(concurrency)
        if self._bare:
            # Lambda's folders are read-only: bytecode must be part of the artefact.
            env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
        return env


def _local_path(function: FunctionSpec, path: str) -> str:
    """Maps a path in Lambda to this machine."""
    if path.startswith("/var/task/"):
        return str(function.code / path.removeprefix("/var/task/"))
    if path.startswith("/opt/"):
        for layer in function.layers:
            root = layer.parent if layer.name == "python" else layer
            if (found := root / path.removeprefix("/opt/")).exists():
                return str(found)
    return path


def make_runtime(folder: Path) -> str:
    """Creates a virtual environment with only Lambda's runtime client; returns its interpreter."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    packages = next(folder.glob("lib/python*/site-packages"))
    for name in _RUNTIME_CLIENT:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        source = Path(spec.origin)
        if spec.submodule_search_locations:
            source = source.parent
        link = packages / source.name
        if not (link.is_symlink() and link.readlink() == source):
            link.unlink(missing_ok=True)
            link.symlink_to(source)
    return str(folder / "bin/python")
