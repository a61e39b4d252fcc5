"""Classifies connection errors: DNS, TLS, proxy, protocol and so on."""

import errno
import socket
import ssl

import httpx2

_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "dns"),
    (ssl.SSLCertVerificationError, "tls_certificate"),
    (ssl.SSLError, "tls"),
    (httpx2.UnsupportedProtocol, "scheme"),
    (httpx2.ProxyError, "proxy"),
    (httpx2.ConnectTimeout, "connect_timeout"),
    (httpx2.RemoteProtocolError, "protocol"),
)


def broken_connection(error: BaseException) -> str | None:
    """What failed, by exception type or as an errno name such as `ECONNREFUSED`; None if unknown."""
    links = _links(error)
    for kind, name in _KINDS:
        if any(isinstance(link, kind) for link in links):
            return name
    codes = (errno.errorcode.get(link.errno) for link in links if isinstance(link, OSError) and link.errno)
    return next(filter(None, codes), None)


def _links(error: BaseException) -> list[BaseException]:
    """The error and its causes, including the errors of connection attempts to several addresses."""
    links = [error]
    for link in links:
        attempts = link.exceptions if isinstance(link, BaseExceptionGroup) else ()
        more = (*attempts, link.__cause__, link.__context__)
        links += [cause for cause in more if cause is not None and cause not in links]
    return links
