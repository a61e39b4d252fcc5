"""Admission checks for a request: user, model, tier and rate limit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aws_lambda_powertools import Logger

from chat.auth.access import Access
from chat.catalog import Catalog, Model, TierLimits
from chat.error_fields import safe_error_fields
from chat.errors import ForbiddenError, InvalidRequestError, StorageError
from chat.limits import Allowance, RateLimitedError, RateLimiter
from chat.messages import MessageKind
from chat.metrics import Metric, Metrics
from chat.metrics.log_fields import refusal_fields
from chat.sessions import SessionNotStoredError
from chat.users import User

logger = Logger()


@dataclass(slots=True)
class Quota:
    """The rate limit of one user, for one request. Only a stored session counts towards it."""

    user_id: str
    limits: TierLimits
    rate_limiter: RateLimiter
    metrics: Metrics
    _used: Allowance | None = field(default=None, init=False)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Counts one session, which the caller stores inside the block.

        Gives the count back if the block raises an error that means the session was not stored.

        Raises:
            RateLimitedError: `rate_limited`.
            StorageError: neither Redis nor DynamoDB can count the session.
        """
        self._used = used = self.rate_limiter.hit(self.user_id, self.limits)
        if not used.allowed:
            refusal = RateLimitedError(used)
            self.metrics.publish({Metric.RATE_LIMITED: 1}, **refusal_fields(refusal))
            raise refusal
        try:
            yield
        except (SessionNotStoredError, InvalidRequestError):
            self._give_back(used)
            raise

    def allowance(self) -> Allowance:
        """The user's remaining allowance."""
        return self._used or self.rate_limiter.peek(self.user_id, self.limits)

    def _give_back(self, used: Allowance) -> None:
        try:
            self.rate_limiter.give_back(self.user_id, self.limits, used)
        except StorageError as error:  # the original error matters more, and the count expires in a minute
            logger.warning("rate limit count not given back", **safe_error_fields(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Checks requests against the model catalogue and the user's record."""

    access: Access
    catalog: Catalog
    rate_limiter: RateLimiter
    metrics: Metrics

    def model(self, model_id: str) -> Model:
        """The model with that id.

        Raises:
            InvalidRequestError: `unknown_model`.
        """
        model = self.catalog.get(model_id)
        if model is None:
            known = [model.id for model in self.catalog.models]
            raise InvalidRequestError("There is no such model.", code="unknown_model", models=known)
        return model

    def user(self, user_id: str) -> User:
        """The user with that id.

        Raises:
            ForbiddenError: `user_disabled`.
        """
        return self.access.admit(user_id)

    def check_tier(self, user: User, model: Model, kind: MessageKind) -> None:
        """Checks that the user's tier includes the model. Slash commands always pass, because they call no model.

        Raises:
            ForbiddenError: `model_not_in_tier`.
        """
        if kind is MessageKind.CHAT and not user.tier.includes(model.tier):
            raise ForbiddenError(
                f"The tier {user.tier} does not include {model.id}.",
                code="model_not_in_tier",
                tier=user.tier,
                allowedModels=[allowed.id for allowed in self.catalog.allowed_for(user.tier)],
            )

    def quota(self, user: User) -> Quota:
        """The user's quota, for one request."""
        return Quota(user.user_id, self.catalog.limits_of(user.tier), self.rate_limiter, self.metrics)
