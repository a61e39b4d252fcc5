"""Who may ask which model, and how often."""

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
from chat.metrics.log_fields import error_facts
from chat.sessions import SessionNotStoredError
from chat.users import User

logger = Logger()


@dataclass(slots=True)
class Quota:
    """One request's way through its user's rate limit. Only a session that is stored counts."""

    user_id: str
    limits: TierLimits
    rate_limiter: RateLimiter
    metrics: Metrics
    _used: Allowance | None = field(default=None, init=False)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Counts one session, to be stored inside; if it certainly was not, it is given back.

        Raises:
            RateLimitedError: `rate_limited`.
        """
        self._used = used = self.rate_limiter.hit(self.user_id, self.limits)
        if not used.allowed:
            refusal = RateLimitedError(used)
            self.metrics.publish({Metric.RATE_LIMITED: 1}, **error_facts(refusal))
            raise refusal
        try:
            yield
        except (SessionNotStoredError, InvalidRequestError):
            self._give_back(used)
            raise

    def allowance(self) -> Allowance:
        """What the user may still ask for."""
        return self._used or self.rate_limiter.peek(self.user_id, self.limits)

    def _give_back(self, used: Allowance) -> None:
        try:
            self.rate_limiter.give_back(self.user_id, self.limits, used)
        except StorageError as error:  # the refusal matters more, and what stays counted is free in a minute
            logger.warning("request not given back", **safe_error_fields(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Checks requests against the catalogue and the user's record."""

    access: Access
    catalog: Catalog
    rate_limiter: RateLimiter
    metrics: Metrics

    def model(self, model_id: str) -> Model:
        """The model of that id.

        Raises:
            InvalidRequestError: `unknown_model`.
        """
        model = self.catalog.get(model_id)
        if model is None:
            known = [model.id for model in self.catalog.models]
            raise InvalidRequestError("There is no such model.", code="unknown_model", models=known)
        return model

    def user(self, user_id: str) -> User:
        """The user.

        Raises:
            ForbiddenError: `user_disabled`.
        """
        return self.access.admit(user_id)

    def check_tier(self, user: User, model: Model, kind: MessageKind) -> None:
        """Slash commands ask no model.

        Raises:
            ForbiddenError: `model_not_in_tier`.
        """
        if kind is MessageKind.CHAT and not user.tier.includes(model.tier):
            raise ForbiddenError(
                f"{model.id} is not part of the tier {user.tier}.",
                code="model_not_in_tier",
                tier=user.tier,
                allowedModels=[allowed.id for allowed in self.catalog.allowed_for(user.tier)],
            )

    def quota(self, user: User) -> Quota:
        """The user's, for one request."""
        return Quota(user.user_id, self.catalog.limits_of(user.tier), self.rate_limiter, self.metrics)
