"""Selects the endpoint of each model provider: the real one, one that the developer sets, or the demo provider."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from chat.catalog import load_catalog

_DUMMY_KEY = "local"
_PASSED_ON = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE")
"""Proxy and TLS settings that a connection to a real provider may need."""


def provider_names() -> tuple[str, ...]:
    """The providers of the catalogue."""
    return tuple(sorted({model.provider for model in load_catalog().models}))


def on_demo(names: Iterable[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """The providers without a key or an address in the environment."""
    return tuple(
        name
        for name in names
        if not (environ.get(f"{name.upper()}_API_KEY") or environ.get(f"{name.upper()}_BASE_URL"))
    )


def provider_variables(names: Iterable[str], environ: Mapping[str, str], demo_address: str | None) -> dict[str, str]:
    """The stream function's variables for all providers; `demo_address` is required if one uses the demo provider."""
    names = tuple(names)
    demo = on_demo(names, environ)
    variables = {name: environ[name] for name in _PASSED_ON if environ.get(name)} if len(demo) < len(names) else {}
    for name in names:
        key, url = f"{name.upper()}_API_KEY", f"{name.upper()}_BASE_URL"
        if name in demo:
            variables |= {key: _DUMMY_KEY, url: f"{demo_address}{_path(name)}"}
            continue
        variables[key] = environ.get(key) or _DUMMY_KEY
        if environ.get(url):
            variables[url] = environ[url]
    return variables


def _path(name: str) -> str:
    """The path of the provider's base URL: some SDKs append /v1 themselves, others expect it there."""
    from chat_stream.providers.registry import PROVIDERS

    return urlsplit(PROVIDERS[name].base_url).path
