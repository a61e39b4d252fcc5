"""A Redis that accepts TLS only, with its own certificate to trust."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fakes.network.certificates import write_certificate
from fakes.redis.servers import RedisServer, require_redis_server


@contextmanager
def tls_redis_server(*, cluster: bool = False) -> Iterator[tuple[RedisServer, Path]]:
    """The server, and the file with the certificate that it shows."""
    require_redis_server()
    with TemporaryDirectory() as name:
        folder = Path(name)
        certificate, key = folder / "redis.crt", folder / "redis.key"
        write_certificate(certificate, key)
        server = RedisServer(folder, cluster=cluster, tls=(certificate, key))
        try:
            server.start()
            yield server, certificate
        finally:
            server.kill()
