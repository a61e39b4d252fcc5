"""The use case: list the models."""

from dataclasses import dataclass

from chat.auth.access import Access
from chat.catalog import Catalog, Model, Provider
from chat.users import Tier


@dataclass(frozen=True, slots=True)
class OfferedModels:
    """All models with their providers, and the user's tier, which decides which of them the user may use."""

    tier: Tier
    models: tuple[tuple[Model, Provider], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferModels:
    """Lists the models for a user."""

    access: Access
    catalog: Catalog

    def __call__(self, user_id: str) -> OfferedModels:
        """All models of the catalogue, with the user's tier.

        Raises:
            ForbiddenError: `user_disabled`.
        """
        models = tuple((model, self.catalog.provider_of(model)) for model in self.catalog.models)
        return OfferedModels(self.access.admit(user_id).tier, models)
