"""``python -m local_stack.redis_server``: a Redis on a free port; prints its address.

``redis-server`` in the place of this process if it is installed, else fakeredis's server in this one.
"""

import os
import shutil

from local_stack.http1 import free_port


def main() -> None:
    port = free_port()
    if (program := shutil.which("redis-server")) is not None:
        # It tells no address itself.
        print(f"redis-server on redis://127.0.0.1:{port}", flush=True)
        settings = f"--port {port} --bind 127.0.0.1 --appendonly no --logfile {os.devnull} --save".split()
        os.execv(program, [program, *settings, ""])  # noqa: S606  # no shell is wanted
    from fakeredis import TcpFakeServer

    TcpFakeServer.request_queue_size = 128  # with its own 5 a crowd loses connections
    server = TcpFakeServer(("127.0.0.1", port), server_type="redis")
    print(f"fakeredis on redis://127.0.0.1:{port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
