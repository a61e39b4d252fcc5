"""Validates the providers' base URLs at startup, before any request needs them."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from chat.settings import SettingsError

_CHARACTERS = re.compile(r"[!-~]+")
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\.?$){_LABEL}(\.{_LABEL})*\.?")


def checked_base_url(variable: str, url: str) -> str:
    """The URL, stripped of surrounding white space.

    Raises:
        SettingsError: the URL is unusable. The message names `variable` and never shows its value.
    """
    url = url.strip()
    if (problem := _problem(url)) is not None:
        raise SettingsError(f"{variable}: {problem}")
    return url


def _problem(url: str) -> str | None:
    if not _CHARACTERS.fullmatch(url):
        return "contains characters that a URL cannot have (write an internationalized host name as xn--...)"
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0
    except ValueError:
        return "is not a URL, or its port is not a number up to 65535"
    if parts.scheme not in {"http", "https"}:
        return "must begin with http:// or https://"
    if not has_port or not _has_host(parts):
        return "has no usable host or port"
    return "must have neither a query nor a fragment" if "?" in url or "#" in url else None


def _has_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if "[" not in parts.netloc:
        return bool(_HOST.fullmatch(host))
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True
