"""The application that ``_HANDLER`` names."""

from __future__ import annotations

import sys
from importlib import import_module

from lambda_asgi.errors import InitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_asgi.invocation import App


def load(handler: str, task_root: str | None) -> App:
    """Imports ``package.module.attribute`` (or ``package/module.attribute``), searching the task root first.

    Raises:
        InitError: the import failed; the error type is that of AWS's Python runtime client.
        Exception: any other error that the module raises on import.
    """
    if task_root and task_root not in sys.path:
        sys.path.insert(0, task_root)
    path, _, attribute = handler.rpartition(".")
    if not path or not attribute:
        raise InitError("Runtime.MalformedHandlerName", f"_HANDLER must be package.module.attribute: {handler!r}")
    name = path.replace("/", ".")
    try:
        module = import_module(name)
    except ImportError as error:
        raise InitError("Runtime.ImportModuleError", f"Unable to import module {name!r}: {error}") from error
    except SyntaxError as error:
        raise InitError("Runtime.UserCodeSyntaxError", f"Syntax error in module {name!r}: {error}") from error
    app: App | None = getattr(module, attribute, None)
    if not callable(app):
        raise InitError("Runtime.HandlerNotFound", f"Handler {attribute!r} missing on module {name!r}")
    return app
