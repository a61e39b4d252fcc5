"""Reads the stored answer of a finished session."""

from chat.messages import Message, MessageStore
from chat.sessions import Session
from chat_stream.threads import in_thread


async def read_answer(messages: MessageStore, session: Session) -> Message | None:
    """The session's answer, or None if it has none.

    Raises:
        StorageError: the answer cannot be read.
    """
    found = await in_thread(
        messages.latest,
        session.user_id,
        session.chat_id,
        limit=1,
        up_to_message_id=session.answer_message_id,
    )
    return next((message for message in found if message.message_id == session.answer_message_id), None)
