"""Variables that somebody meant as settings, told from those that a shell has anyway."""

import pytest

from local_stack.options import NAMES, ROOT
from local_stack.providers import provider_names
from local_stack.sam.template import read_template
from local_stack.settings import FunctionSettings
from local_stack.spelling import misspelled

ORDINARY = [
    "ALL_PROXY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BEDROCK_BASE_URL", "ANTHROPIC_MODEL",
    "ANTHROPIC_SMALL_FAST_MODEL", "APPDATA", "AWS_ACCESS_KEY_ID", "AWS_CA_BUNDLE", "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_REGION", "BASH_ENV", "BROWSER", "CACHE_DIR",
    "CC", "CDPATH", "CI", "CLICOLOR", "COLORTERM", "COLUMNS", "COMPOSE_PROJECT_NAME", "CONDA_DEFAULT_ENV",
    "CONDA_PREFIX", "DATABASE_URL", "DATA_DIR", "DBUS_SESSION_BUS_ADDRESS", "DEBUG", "DEBUG_LEVEL",
    "DESKTOP_SESSION", "DISPLAY", "DOCKER_HOST", "EDITOR", "EMAIL", "ENVIRONMENT", "FORCE_COLOR", "FPATH",
    "GDMSESSION", "GEMINI_API_KEY", "GITHUB_ACTIONS", "GITHUB_API_URL", "GITHUB_BASE_REF", "GITHUB_TOKEN",
    "GIT_EDITOR", "GOOGLE_API_KEY", "GOPATH", "GPG_AGENT_INFO", "GPG_TTY", "GROQ_API_KEY", "HISTCONTROL",
    "HISTFILE", "HISTSIZE", "HOMEBREW_PREFIX", "HOME", "HOSTNAME", "HOSTS", "HOSTTYPE", "HTTPS_PROXY", "HTTP_PROXY",
    "IDLE_TIMEOUT", "INFOPATH", "JAVA_HOME", "JOB_COMPLETION", "KUBECONFIG", "LANG", "LANGUAGE", "LC_ALL",
    "LC_CTYPE", "LD_LIBRARY_PATH", "LESS", "LESSOPEN", "LINES", "LOGNAME", "LOG_FILE", "LOG_FORMAT", "LS_COLORS",
    "MACHTYPE", "MAIL", "MAKEFLAGS", "MAKELEVEL", "MANPATH", "MAX_JOBS", "MAX_THINKING_TOKENS", "MFLAGS",
    "MISTRAL_API_KEY", "NODE_ENV", "NO_COLOR", "NVM_DIR", "OLDPWD", "OPENAI_ADMIN_KEY", "OPENAI_API_BASE",
    "OPENAI_MODEL", "OPENAI_ORGANIZATION", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OSTYPE", "PAGER", "PATH",
    "PGDATA", "PGHOST", "PGPORT", "PING_URL", "PIP_INDEX_URL", "PNPM_HOME", "PORTS", "PROJECT", "PROMPT_COMMAND",
    "PS1", "PWD", "PYENV_ROOT", "PYTEST_CURRENT_TEST", "PYTHONPATH", "PYTHONUNBUFFERED", "REDIS_HOST",
    "REDIS_PASSWORD", "REDIS_PORT", "REQUESTS_CA_BUNDLE", "SECURITYSESSIONID", "SESSION_MANAGER", "SESSION_NAME",
    "SHELL", "SHLVL", "SSH_AGENT_PID", "SSH_AUTH_SOCK", "SSH_CONNECTION", "SSL_CERT_FILE", "STOP_SIGNAL",
    "SUDO_USER", "SYSTEMD_EXEC_PID", "SYSTEM_VERSION_COMPAT", "TEMP", "TERM", "TERMINAL_EMULATOR", "TERM_PROGRAM",
    "TERM_SESSION_ID", "TMPDIR", "TZ", "USER", "USERNAME", "USERPROFILE", "USERS", "UV_CACHE_DIR", "VIRTUAL_ENV",
    "VISUAL", "WINDOWID", "WSL_DISTRO_NAME", "XAUTHORITY", "XDG_CACHE_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_DIRS",
    "XDG_RUNTIME_DIR", "XDG_SESSION_ID", "XPC_SERVICE_NAME", "ZAI_API_KEY", "ZDOTDIR", "ZSH", "_",
]  # fmt: skip
"""Of shells, desktops, Python, Node.js, CI, AWS, other providers and their SDKs."""


@pytest.fixture(scope="module")
def known() -> set[str]:
    settings = FunctionSettings(read_template(ROOT / "template.yaml")).names
    providers = {f"{name.upper()}_{what}" for name in provider_names() for what in ("API_KEY", "BASE_URL")}
    return {name for name in (*settings, *NAMES, *providers) if not name.startswith("AWS_")}


def test_ordinary_variables_are_no_settings(known: set[str]) -> None:
    assert list(misspelled(ORDINARY, known)) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CACHE_SCOP", "CACHE_SCOPE"),
        ("CACHE_TTL", "CACHE_TTL_SECONDS"),
        ("CHECKPIONT_SECONDS", "CHECKPOINT_SECONDS"),
        ("DEMO_TOKEN_PER_SECOND", "DEMO_TOKENS_PER_SECOND"),
        ("LEASE_SECOND", "LEASE_SECONDS"),
        ("LOG_LEVELS", "LOG_LEVEL"),
        ("MAX_PROCESS", "MAX_PROCESSES"),
        ("PROVIDER_FIRST_TOKEN", "PROVIDER_FIRST_TOKEN_SECONDS"),
        ("PROVIDER_TIMEOUT_SECONDS", "PROVIDER_IDLE_SECONDS"),
        ("REDIS_URI", "REDIS_URL"),
        ("STREAM_CONCURENCY", "STREAM_CONCURRENCY"),
        ("SYSTEM_PROMT", "SYSTEM_PROMPT"),
        ("TEMPERATUR", "TEMPERATURE"),
    ],
)
def test_misspelled_setting_is_reported_with_a_suggestion(known: set[str], name: str, meant: str) -> None:
    assert list(misspelled([*ORDINARY, name], known)) == [(name, meant)]


def test_known_setting_is_not_misspelled(known: set[str]) -> None:
    assert list(misspelled(known, known)) == []
