"""The providers' settings and API keys."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, TypeAdapter, ValidationError

from chat.settings import NonEmpty, Seconds, Settings, SettingsError
from chat_stream.providers.base_urls import checked_base_url

_KEY_SUFFIX = "_API_KEY"
_URL_SUFFIX = "_BASE_URL"

_KEY: TypeAdapter[str] = TypeAdapter(Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[!-~]+$")])
"""A key that can be sent in a header. Secrets pasted into a console often end with a line break, so it is stripped."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Timeouts for a provider. `first_token_seconds` covers connecting, retries and waiting for the first token."""

    connect_seconds: float = 5.0
    first_token_seconds: float = 30.0
    idle_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """What an adapter needs to reach its provider. `label` is the provider's display name."""

    label: str
    base_url: str
    api_key: str = field(repr=False)
    timing: Timing = field(default_factory=Timing)


class ProviderSettings(Settings):
    """The providers' environment variables.

    A provider named `openai` has `OPENAI_API_KEY` and `OPENAI_BASE_URL`. If `PROVIDER_KEYS_SECRET_ARN` is set, the keys
    come only from that secret in Secrets Manager, a JSON object with the same names, and key variables are ignored.
    """

    provider_keys_secret_arn: NonEmpty | None = None
    provider_connect_seconds: Seconds = 5.0
    provider_first_token_seconds: Seconds = 30.0
    provider_idle_seconds: Seconds = 30.0
    api_keys: Mapping[str, SecretStr] = Field(default_factory=dict)
    base_urls: Mapping[str, str] = Field(default_factory=dict)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        settings = super().from_environ(environ)
        return settings.model_copy(
            update={
                "api_keys": {name: SecretStr(key) for name, key in _by_provider(environ, _KEY_SUFFIX).items()},
                "base_urls": _by_provider(environ, _URL_SUFFIX),
            }
        )

    @property
    def timing(self) -> Timing:
        return Timing(
            connect_seconds=self.provider_connect_seconds,
            first_token_seconds=self.provider_first_token_seconds,
            idle_seconds=self.provider_idle_seconds,
        )

    def base_urls_of(self, providers: Iterable[str]) -> dict[str, str]:
        """The configured base URLs, by provider. A provider without one uses its public URL.

        Raises:
            SettingsError: a base URL is unusable. The message names every such variable and never shows a value.
        """
        urls, problems = {}, []
        for provider in providers:
            if (url := self.base_urls.get(provider)) is None:
                continue
            try:
                urls[provider] = checked_base_url(f"{provider.upper()}{_URL_SUFFIX}", url)
            except SettingsError as error:
                problems.append(str(error))
        if problems:
            raise SettingsError("; ".join(problems))
        return urls

    def api_key(self, provider: str, read_secret: Callable[[str], str]) -> str | None:
        """The provider's key, or None if it has none. `read_secret` returns the text of the secret with the given ARN.

        Raises:
            SettingsError: the secret is not a JSON object of strings, or the key is malformed. The message shows no
                value.
            ProviderError: the secret cannot be read.
        """
        if self.provider_keys_secret_arn is None:
            secret = self.api_keys.get(provider)
            key = secret and secret.get_secret_value()
        else:
            key = _secret_keys(read_secret(self.provider_keys_secret_arn)).get(provider)
        if not key:
            return None
        try:
            return _KEY.validate_python(key)
        except ValidationError:
            raise SettingsError(f"{provider.upper()}{_KEY_SUFFIX} may contain only visible ASCII") from None


def _by_provider(values: Mapping[str, str], suffix: str) -> dict[str, str]:
    return {
        name.removesuffix(suffix).lower(): value for name, value in values.items() if name.endswith(suffix) and value
    }


def _secret_keys(text: str) -> dict[str, str]:
    try:
        return _by_provider(TypeAdapter(dict[str, str]).validate_python(json.loads(text)), _KEY_SUFFIX)
    except ValueError:
        raise SettingsError("the secret with the providers' keys is not a JSON object of strings") from None
