"""The history function's composition root: builds the object graph from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from chat.auth import Authenticator, build_authenticator, build_secret_source
from chat.auth.access import Access
from chat.catalog import load_catalog
from chat.clock import SystemClock
from chat.dynamo import DynamoMessageStore, DynamoSessionStore, DynamoUserStore, Tables
from chat_history.cursors import Cursors
from chat_history.history import ReadHistory
from chat_history.models import OfferModels
from chat_history.settings import HistorySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryComposition:
    """The objects that the HTTP layer calls."""

    authenticator: Authenticator
    read_history: ReadHistory
    offer_models: OfferModels


def compose(environ: Mapping[str, str] = os.environ) -> HistoryComposition:
    """Builds the function as deployed. Opens no connection before the first request.

    Raises:
        SettingsError: an environment variable is missing or invalid.
    """
    settings = HistorySettings.from_environ(environ)
    secret = build_secret_source(settings)
    tables = Tables(settings)
    tables.prepare()
    clock = SystemClock()
    access = Access(DynamoUserStore(tables), clock, default_tier=settings.default_tier)
    return HistoryComposition(
        authenticator=build_authenticator(settings, secret),
        read_history=ReadHistory(
            access=access,
            messages=DynamoMessageStore(tables),
            sessions=DynamoSessionStore(tables),
            clock=clock,
            cursors=Cursors(secret),
        ),
        offer_models=OfferModels(access=access, catalog=load_catalog()),
    )
