"""Which provider the functions of the local stack talk to."""

from local_stack.providers import on_demo, provider_names, provider_variables

DEMO = "http://127.0.0.1:4000"
NAMES = ("anthropic", "openai", "xai")


def test_catalogue_names_the_providers() -> None:
    assert provider_names() == NAMES


def test_nothing_given_means_the_demo_provider() -> None:
    assert provider_variables(NAMES, {"HTTPS_PROXY": "http://proxy"}, DEMO) == {
        "ANTHROPIC_API_KEY": "local",
        "ANTHROPIC_BASE_URL": DEMO,
        "OPENAI_API_KEY": "local",
        "OPENAI_BASE_URL": f"{DEMO}/v1",
        "XAI_API_KEY": "local",
        "XAI_BASE_URL": f"{DEMO}/v1",
    }


def test_key_alone_means_the_real_provider() -> None:
    environ = {"OPENAI_API_KEY": "sk-1", "HTTPS_PROXY": "http://proxy", "OPENAI_ORGANIZATION": "private"}
    variables = provider_variables(NAMES, environ, DEMO)

    assert variables["OPENAI_API_KEY"] == "sk-1"
    assert "OPENAI_BASE_URL" not in variables
    assert variables["ANTHROPIC_BASE_URL"] == DEMO
    assert variables["HTTPS_PROXY"] == "http://proxy"
    assert "OPENAI_ORGANIZATION" not in variables
    assert on_demo(NAMES, environ) == ("anthropic", "xai")


def test_address_alone_needs_no_key() -> None:
    variables = provider_variables(("openai",), {"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1"}, None)

    assert variables == {"OPENAI_API_KEY": "local", "OPENAI_BASE_URL": "http://127.0.0.1:11434/v1"}
