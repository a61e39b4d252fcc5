"""The use case: see which models there are."""

from dataclasses import dataclass

from chat.auth.access import Access
from chat.catalog import Catalog, Model, Provider
from chat.users import Tier


@dataclass(frozen=True, slots=True)
class OfferedModels:
    """All models and who offers them; a user of `tier` may use those that it includes."""

    tier: Tier
    models: tuple[tuple[Model, Provider], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferModels:
    """Tells a user which models there are."""

    access: Access
    catalog: Catalog

    def __call__(self, user_id: str) -> OfferedModels:
        """The catalogue, seen by this user.

        Raises:
            ForbiddenError: `user_disabled`.
        """
        models = tuple((model, self.catalog.provider_of(model)) for model in self.catalog.models)
        return OfferedModels(self.access.admit(user_id).tier, models)
