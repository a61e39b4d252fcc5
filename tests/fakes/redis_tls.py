"""A Redis that takes connections with TLS only, and a certificate of its own to trust."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from fakes.redis_servers import RedisServer, require_redis_server


@contextmanager
def tls_redis_server(*, cluster: bool = False) -> Iterator[tuple[RedisServer, Path]]:
    """The server, and the file with the certificate that it shows."""
    require_redis_server()
    with TemporaryDirectory() as name:
        folder = Path(name)
        certificate, key = folder / "redis.crt", folder / "redis.key"
        _write_certificate(certificate, key)
        server = RedisServer(folder, cluster=cluster, tls=(certificate, key))
        try:
            server.start()
            yield server, certificate
        finally:
            server.kill()


def _write_certificate(certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "redis")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(private, SHA256())
    )
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
