"""Finds the key among a command's arguments."""

from typing import Any

from redis._parsers.commands import AsyncCommandsParser


class KnownKeys(AsyncCommandsParser):
    """For the commands of this package the key is the first argument.

    redis-py asks a cluster for its whole command table first, and takes longer to read it (over 20 ms) than for
    everything else that a first call needs. Of scripts it knows the keys without it.
    """

    async def initialize(self, node: Any = None) -> None:
        """Does nothing: redis-py would read the command table here."""

    async def get_keys(self, *args: Any) -> tuple[Any, ...]:
        return args[1:2]
