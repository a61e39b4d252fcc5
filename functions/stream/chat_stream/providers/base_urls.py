"""Checks the addresses of providers when the function starts, rather than at each request."""

import re
from urllib.parse import urlsplit

from chat.settings import SettingsError

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|[0-9A-Fa-f:.]+")
_URL = re.compile(r"[!-~]+")


def checked_base_url(variable: str, url: str) -> str:
    """The address, without white space around it.

    Raises:
        SettingsError: no request can be sent to it; the message names the variable and shows no value.
    """
    url = url.strip()
    if (problem := _problem(url)) is not None:
        raise SettingsError(f"{variable}: {problem}")
    return url


def _problem(url: str) -> str | None:
    if not _URL.fullmatch(url):
        return "has characters that no URL has"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is not a URL, or its port is not a number up to 65535"
    if parts.scheme not in {"http", "https"}:
        return "must begin with http:// or https://"
    if not host or not _HOST.fullmatch(host) or port == 0:
        return "has no usable host or port"
    return "has a query or a fragment" if "?" in url or "#" in url else None
