"""Which provider the functions of the local stack talk to."""

from urllib.parse import urlsplit

from chat_stream.providers.registry import PROVIDERS
from local_stack.providers import on_demo, provider_names, provider_variables

DEMO = "http://127.0.0.1:4000"
NAMES = provider_names()
FIRST, *OTHERS = NAMES


def key(name: str) -> str:
    return f"{name.upper()}_API_KEY"


def address(name: str) -> str:
    return f"{name.upper()}_BASE_URL"


def test_providers_of_the_catalogue_are_those_of_the_registry() -> None:
    assert set(NAMES) <= PROVIDERS.keys()


def test_nothing_given_means_the_demo_provider_at_the_paths_of_the_real_ones() -> None:
    expected = {key(name): "local" for name in NAMES}
    expected |= {address(name): DEMO + urlsplit(PROVIDERS[name].base_url).path for name in NAMES}

    assert provider_variables(NAMES, {"HTTPS_PROXY": "http://proxy"}, DEMO) == expected


def test_key_alone_means_the_real_provider() -> None:
    environ = {key(FIRST): "sk-1", "HTTPS_PROXY": "http://proxy", f"{FIRST.upper()}_ORGANIZATION": "private"}
    variables = provider_variables(NAMES, environ, DEMO)

    assert variables[key(FIRST)] == "sk-1"
    assert address(FIRST) not in variables
    assert all(variables[address(name)].startswith(DEMO) for name in OTHERS)
    assert variables["HTTPS_PROXY"] == "http://proxy"
    assert f"{FIRST.upper()}_ORGANIZATION" not in variables
    assert on_demo(NAMES, environ) == tuple(OTHERS)


def test_address_alone_needs_no_key() -> None:
    variables = provider_variables((FIRST,), {address(FIRST): "http://127.0.0.1:11434/v1"}, None)

    assert variables == {key(FIRST): "local", address(FIRST): "http://127.0.0.1:11434/v1"}
