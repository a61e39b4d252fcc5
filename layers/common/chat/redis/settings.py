"""Settings of Redis: its address, timeout and cache."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from chat.settings import NonEmpty, Seconds, Settings


class RedisSettings(Settings):
    """Redis is optional: without an address the service works without it.

    `redis_iam_user` and `redis_cache_name` belong together: the password is then a signed token.
    """

    redis_url: Annotated[str | None, Field(repr=False)] = None
    """`redis://` or, with TLS, `rediss://`; it may hold a password."""
    redis_url_secret_arn: NonEmpty | None = None
    """The secret that holds the address, instead of `redis_url`; with TLS only (see `chat.redis.client.url_secret`)."""
    redis_cluster: bool = False
    redis_iam_user: NonEmpty | None = None
    redis_cache_name: NonEmpty | None = None
    redis_timeout_seconds: Seconds = 0.2
    """The timeout of a whole call, including connecting."""
    cache_scope: Literal["user", "global"] = "user"
    """Who may receive a cached answer: only its own user, or every user."""
    cache_ttl_seconds: Annotated[int, Field(gt=0)] = 3600

    @property
    def has_redis(self) -> bool:
        return self.redis_url is not None or self.redis_url_secret_arn is not None

    @field_validator("redis_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value is not None:
            url = urlsplit(value)
            if url.scheme not in {"redis", "rediss"} or not url.hostname:
                raise ValueError("must be redis://host:port or rediss://host:port")
        return value

    @model_validator(mode="after")
    def _check_address(self) -> Self:
        if self.redis_url is not None and self.redis_url_secret_arn is not None:
            raise ValueError("REDIS_URL and REDIS_URL_SECRET_ARN exclude each other")
        if (self.redis_iam_user is None) != (self.redis_cache_name is None):
            raise ValueError("REDIS_IAM_USER and REDIS_CACHE_NAME must be set together")
        if self.redis_iam_user is not None and not (self.redis_url or "").startswith("rediss:"):
            raise ValueError("REDIS_IAM_USER needs a REDIS_URL with TLS (rediss://)")
        if self.redis_iam_user is not None and "@" in (self.redis_url or ""):
            raise ValueError("REDIS_IAM_USER and a password in REDIS_URL exclude each other")
        return self
