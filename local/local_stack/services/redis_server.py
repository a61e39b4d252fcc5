"""``python -m local_stack.services.redis_server [--folder DIR] [--log FILE]``: a Redis on a free port; prints its URL.

``redis-server`` in the place of this process if it is installed, else fakeredis's server in this one, which keeps
nothing over its end.
"""

import argparse
import os
import shutil
from pathlib import Path

from local_stack.http.http1 import free_port


def program() -> str | None:
    """The real one, which can keep its data."""
    return shutil.which("redis-server")


def main() -> None:
    parser = argparse.ArgumentParser(prog="local_stack.services.redis_server", description="A Redis on this machine.")
    parser.add_argument("--folder", type=Path, help="what it keeps its data in; without it they are gone when it ends")
    parser.add_argument("--log", type=Path, default=Path(os.devnull), help="redis-server's warnings and errors")
    arguments = parser.parse_args()
    port = free_port()
    if (found := program()) is not None:
        # It tells no address itself.
        print(f"redis-server on redis://127.0.0.1:{port}", flush=True)
        settings = ["--port", str(port), "--bind", "127.0.0.1", "--loglevel", "warning"]
        settings += ["--logfile", str(arguments.log), "--save", ""]
        os.execv(found, [found, *settings, *_keeping(arguments.folder)])  # noqa: S606  # no shell is wanted
    from fakeredis import TcpFakeServer

    TcpFakeServer.request_queue_size = 128  # with its own 5 a crowd loses connections
    server = TcpFakeServer(("127.0.0.1", port), server_type="redis")
    print(f"fakeredis on redis://127.0.0.1:{port}", flush=True)
    server.serve_forever()


def _keeping(folder: Path | None) -> list[str]:
    """Every write goes to a file before it is answered: whoever kills the process loses nothing."""
    if folder is None:
        return ["--appendonly", "no"]
    folder.mkdir(parents=True, exist_ok=True)
    return ["--appendonly", "yes", "--appendfsync", "everysec", "--dir", str(folder)]


if __name__ == "__main__":
    main()
