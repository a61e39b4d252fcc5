"""The command `/models`."""

from collections.abc import AsyncIterator
from typing import ClassVar

from chat_stream.commands.command import Argument, CommandContext


class ModelsCommand:
    """Lists the models and which of them the user's tier includes."""

    name: ClassVar[str] = "models"
    help: ClassVar[str] = "Lists the models and which of them you may use."
    arguments: ClassVar[tuple[Argument, ...]] = ()

    async def run(self, context: CommandContext, *arguments: object) -> AsyncIterator[str]:  # noqa: ARG002  # the port's
        tier = context.user.tier
        yield f"**Models** (your tier: {tier})\n\n| Model | Provider | Tier | Yours |\n| --- | --- | --- | --- |\n"
        for model in context.catalog.models:
            yours = "yes" if tier.includes(model.tier) else "no"
            yield f"| {model.id} | {model.provider} | {model.tier} | {yours} |\n"
