"""The types of the fixtures `connect` and `listen`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from chat_stream.providers.registry import ProviderRegistry

type Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
type Listen = Callable[[Handler], Awaitable[str]]
"""Starts a server on a free port; returns its address."""


class Connect(Protocol):
    """Makes a registry with all providers at one address; keyword arguments are further variables."""

    def __call__(self, address: str, **environ: str) -> ProviderRegistry: ...
