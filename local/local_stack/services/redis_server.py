"""``python -m local_stack.services.redis_server [--folder DIR] [--log FILE]``: a Redis on a free port; prints its URL.

Replaces this process with ``redis-server`` if that is installed; otherwise runs fakeredis's server, which has no
persistence.
"""

import argparse
import os
import shutil
from pathlib import Path

from local_stack.http.http1 import free_port


def program() -> str | None:
    """The path of redis-server, which can persist its data; None if it is not installed."""
    return shutil.which("redis-server")


def main() -> None:
    parser = argparse.ArgumentParser(prog="local_stack.services.redis_server", description="A local Redis.")
    parser.add_argument("--folder", type=Path, help="folder that stores the data; default: memory only")
    parser.add_argument(
        "--log", type=Path, default=Path(os.devnull), help="file for redis-server's warnings and errors"
    )
    arguments = parser.parse_args()
    port = free_port()
    if (found := program()) is not None:
        # redis-server does not print its address.
        print(f"redis-server on redis://127.0.0.1:{port}", flush=True)
        settings = ["--port", str(port), "--bind", "127.0.0.1", "--loglevel", "warning"]
        settings += ["--logfile", str(arguments.log), "--save", ""]
        os.execv(found, [found, *settings, *_persistence(arguments.folder)])  # noqa: S606  # no shell is wanted
    from local_stack.services.fake_redis import FakeRedisServer

    server = FakeRedisServer(port)
    print(f"fakeredis on redis://127.0.0.1:{port}", flush=True)
    server.serve_forever()


def _persistence(folder: Path | None) -> list[str]:
    """The append-only file is written before each response, so a killed process loses nothing."""
    if folder is None:
        return ["--appendonly", "no"]
    folder.mkdir(parents=True, exist_ok=True)
    return ["--appendonly", "yes", "--appendfsync", "everysec", "--dir", str(folder)]


if __name__ == "__main__":
    main()
