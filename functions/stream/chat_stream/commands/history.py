"""The command `/history [n]`."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import ClassVar

from chat.messages import Message
from chat_stream.commands.command import Argument, CommandContext, whole_number
from chat_stream.threads import in_thread

DEFAULT = 10
MOST = 50
EXCERPT_CHARS = 200


class HistoryCommand:
    """Shows the chat's newest messages, without the command itself."""

    name: ClassVar[str] = "history"
    help: ClassVar[str] = "Shows the newest messages of this chat."
    arguments: ClassVar[tuple[Argument, ...]] = (
        Argument("n", f"how many, 1 to {MOST}; {DEFAULT} if not given.", whole_number(1, MOST)),
    )

    async def run(self, context: CommandContext, *arguments: object) -> AsyncIterator[str]:
        count = arguments[0] if arguments else DEFAULT
        assert isinstance(count, int)  # noqa: S101  # its parser returns an int
        session = context.session
        messages = await in_thread(
            context.messages.latest,
            session.user_id,
            session.chat_id,
            limit=count + 1,
            up_to_message_id=session.prompt_message_id,
        )
        earlier = [message for message in messages if message.message_id != session.prompt_message_id]
        if not earlier:
            yield "This chat has no earlier messages."
            return
        for message in earlier:
            yield _line(message)


def _line(message: Message) -> str:
    at = datetime.fromtimestamp(message.created_at, UTC).strftime("%Y-%m-%d %H:%M")
    text = " ".join(message.content.split())
    excerpt = text if len(text) <= EXCERPT_CHARS else text[:EXCERPT_CHARS] + "…"
    return f"- **{message.role}** ({at} UTC): {excerpt}\n"
