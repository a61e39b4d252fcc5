"""What failed of a connection, found among an exception's causes."""

import errno
import socket
import ssl

import httpx2
import pytest

from chat_stream.providers.failures.broken_connection import broken_connection


def caused_by(cause: BaseException) -> BaseException:
    """As an HTTP client raises it."""
    error = httpx2.ConnectError("words that nobody reads")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "name"),
    [
        (socket.gaierror(socket.EAI_AGAIN, "dns"), "dns"),
        (ssl.SSLCertVerificationError(1, "x"), "tls_certificate"),
        (ssl.SSLError(1, "x"), "tls"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "ECONNREFUSED"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "ECONNRESET"),
        (OSError(errno.ENETUNREACH, "x"), "ENETUNREACH"),
        (OSError(99_999, "x"), None),
        (OSError("refused, reset and timed out"), None),
        (httpx2.UnsupportedProtocol("x"), "scheme"),
        (httpx2.ConnectTimeout("x"), "connect_timeout"),
        (httpx2.ProxyError("x"), "proxy"),
        (httpx2.RemoteProtocolError("x"), "protocol"),
        (ValueError("x"), None),
    ],
)
def test_cause_has_a_name(cause: BaseException, name: str | None) -> None:
    assert broken_connection(cause) == name
    assert broken_connection(caused_by(cause)) == name


def test_attempts_at_several_addresses_are_looked_at() -> None:
    attempts: list[Exception] = [OSError("x"), ConnectionRefusedError(errno.ECONNREFUSED, "x")]
    assert broken_connection(caused_by(OSError("x"))) is None
    assert broken_connection(caused_by(ExceptionGroup("x", attempts))) == "ECONNREFUSED"


def test_causes_that_go_in_a_circle_end() -> None:
    one, two = OSError("x"), OSError("y")
    one.__context__, two.__context__ = two, one
    assert broken_connection(one) is None
