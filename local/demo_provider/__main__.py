"""`python -m demo_provider [--host 127.0.0.1] [--port 0]`: prints its address, then serves until a signal."""

import argparse
import contextlib
import os
import socket

import uvicorn

from demo_provider.app import create_app

DEFAULT_TOKENS_PER_SECOND = 40.0
CLOSING_SECONDS = 1
"""How long the server waits for open answers at shutdown."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="demo_provider", description="A local model provider.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: a free port")
    arguments = parser.parse_args()
    rate = float(os.environ.get("DEMO_TOKENS_PER_SECOND") or DEFAULT_TOKENS_PER_SECOND)
    listening = socket.create_server((arguments.host, arguments.port))
    print(f"demo provider on http://{arguments.host}:{listening.getsockname()[1]}", flush=True)
    server = uvicorn.Server(
        # Connections cut by a directive would be logged as errors.
        uvicorn.Config(
            create_app(tokens_per_second=rate),
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=CLOSING_SECONDS,
        )
    )
    server.run(sockets=[listening])


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
