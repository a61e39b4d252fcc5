"""Finds the key among a command's arguments."""

from typing import Any

from redis._parsers.commands import AsyncCommandsParser


class KnownKeys(AsyncCommandsParser):
    """For the commands of this package the key is the first argument.

    redis-py first requests the cluster's whole command table. Parsing it takes over 20 ms, more than the rest of a
    first call. Scripts do not need the table for their keys.
    """

    async def initialize(self, node: Any = None) -> None:
        """Does nothing: redis-py would read the command table here."""

    async def get_keys(self, *args: Any) -> tuple[Any, ...]:
        return args[1:2]
