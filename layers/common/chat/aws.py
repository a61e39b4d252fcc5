"""AWS's SDK in one process: a session that all clients share.

With a session of its own each would read the descriptions of endpoints, partitions and defaults again: 7 ms of a cold
start.
"""

import functools
import threading

from botocore.session import Session, get_session

making_clients = threading.RLock()
"""Held where a client is made of the session: of clients, threads may use the same one, but not make any at once.

https://docs.aws.amazon.com/boto3/latest/guide/clients.html#caveats
"""


@functools.cache
def session() -> Session:
    """The process's session: region and credentials from the environment, found when the first client is made."""
    return get_session()
