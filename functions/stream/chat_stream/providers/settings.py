"""Settings of the providers, and the way to their keys."""

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
"""What can stand in a header; secrets pasted into a console often end in a line break."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long to wait for a provider. The first token's time covers connecting, retries and the answer's begin."""

    connect_seconds: float = 5.0
    first_token_seconds: float = 30.0
    idle_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """What an adapter needs to reach its provider. `label` is the provider's name as people write it."""

    label: str
    base_url: str
    api_key: str = field(repr=False)
    timing: Timing = field(default_factory=Timing)


class ProviderSettings(Settings):
    """The providers' variables.

    A provider `openai` has `OPENAI_API_KEY` and `OPENAI_BASE_URL`. With `PROVIDER_KEYS_SECRET_ARN` the keys are those
    of that secret in Secrets Manager, a JSON object with the same names, and variables with keys do not count.
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
        """The addresses of those of `providers` that have another one than their public one.

        Raises:
            SettingsError: naming every variable whose address is unusable, and showing no value.
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
        """The provider's key; None: there is none. `read_secret` gives the text of the secret with that ARN.

        Raises:
            SettingsError: the secret is not a JSON object, or the key cannot be one; the message shows no value.
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
            raise SettingsError(f"{provider.upper()}{_KEY_SUFFIX} is not a key: it has other characters") from None


def _by_provider(values: Mapping[str, str], suffix: str) -> dict[str, str]:
    return {
        name.removesuffix(suffix).lower(): value for name, value in values.items() if name.endswith(suffix) and value
    }


def _secret_keys(text: str) -> dict[str, str]:
    try:
        return _by_provider(TypeAdapter(dict[str, str]).validate_python(json.loads(text)), _KEY_SUFFIX)
    except ValueError:
        raise SettingsError("the secret with the providers' keys is not a JSON object of strings") from None
