"""Settings from environment variables, as frozen typed models: parsed once, from an environ that can be passed in.

A field `sessions_table` is the variable `SESSIONS_TABLE`. Each function's settings class combines the topics it needs.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chat.users import Tier

Seconds = Annotated[float, Field(gt=0)]
NonEmpty = Annotated[str, Field(min_length=1)]


class SettingsError(Exception):
    """Environment variables are missing or invalid; the message names each, and never shows a value."""


class Settings(BaseModel):
    """A topic's variables."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Reads the fields' variables; an empty variable counts as absent.

        Raises:
            SettingsError: naming every variable that is missing or wrong.
        """
        values = {name: value for name in cls.model_fields if (value := environ.get(name.upper()))}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = "; ".join(
                f"{'_'.join(map(str, item['loc'])).upper() or 'settings'}: {item['msg']}"
                for item in error.errors(include_input=False, include_url=False)
            )
            raise SettingsError(f"{cls.__name__}: {problems}") from None


class StorageSettings(Settings):
    """The tables. Endpoint and region are botocore's own variables."""

    sessions_table: NonEmpty
    chats_table: NonEmpty
    users_table: NonEmpty
    default_tier: Tier = Tier.BASIC


class AuthSettings(Settings):
    """Authentication.

    `auth_secret` is for the stack on one machine; deployed, `auth_secret_arn` names the secret in Secrets Manager. From
    it come the key of HS256 tokens and, derived, that of stream tokens.
    """

    jwt_algorithm: Literal["HS256", "RS256", "ES256"] = "HS256"
    jwt_issuer: NonEmpty
    jwt_audience: NonEmpty
    jwks_url: str | None = None
    auth_secret: Annotated[str | None, Field(min_length=32, repr=False)] = None
    auth_secret_arn: str | None = None

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        if (self.auth_secret is None) == (self.auth_secret_arn is None):
            raise ValueError("exactly one of AUTH_SECRET and AUTH_SECRET_ARN must be set")
        if (self.jwt_algorithm == "HS256") != (self.jwks_url is None):
            raise ValueError("JWKS_URL must be set for RS256 and ES256, and only for them")
        return self
