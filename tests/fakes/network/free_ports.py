"""Ports of 127.0.0.1 for programs that must be told one."""

import errno
import random
import socket

NOBODY = "127.0.0.1:1"
"""A closed port: connections are refused."""
_PORTS = range(20_000, 32_000)
"""Below those that Linux (from 32768 on) and macOS (from 49152 on) give to connections and to listeners on port 0."""


def free_port() -> int:
    """A free port, reserved until the program binds it.

    Raises:
        OSError: the address is not this machine's, or 100 ports in use were met.
    """
    for port in random.sample(_PORTS, 100):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port
    raise OSError(errno.EADDRINUSE, "no free port")
