"""The request bodies of POST /chat/start and POST /chat/stop."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from chat.http.json_body import JsonBody
from chat.http.problems import invalid_field
from chat_start.requests import Prompt, Regeneration

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _sayable(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "The text is blank")
    if _UNSTORABLE.search(text):
        raise PydanticCustomError("unstorable", "The text holds a NUL or half of a surrogate pair")
    return text


Text = Annotated[str, Field(min_length=1), AfterValidator(_sayable)]
Id = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")]


class StartBody(JsonBody):
    """The body of POST /chat/start. `prompt` is a new prompt; `regenerate` is the id of one already in the chat."""

    model_id: Annotated[str, Field(min_length=1, max_length=128)]
    prompt: Text | None = None
    regenerate: Id | None = None
    chat_id: Id | None = None
    project_id: Id | None = None
    task_id: Id | None = None
    cache: bool = True

    def asked_by(self, user_id: str) -> Prompt | Regeneration:
        """The request of that user.

        Raises:
            InvalidRequestError: the body has neither or both of `prompt` and `regenerate`, or has fields that do not
                match `regenerate`.
        """
        if self.regenerate is not None:
            return self._regeneration(user_id, self.regenerate)
        if self.prompt is None:
            raise invalid_field("prompt", "Field required")
        return Prompt(
            user_id=user_id,
            model_id=self.model_id,
            text=self.prompt,
            chat_id=self.chat_id,
            project_id=self.project_id,
            task_id=self.task_id,
            use_cache=self.cache,
        )

    def _regeneration(self, user_id: str, message_id: str) -> Regeneration:
        others = {"prompt": self.prompt, "projectId": self.project_id, "taskId": self.task_id}
        for field, value in others.items():
            if value is not None:
                raise invalid_field(field, "Not allowed with regenerate")
        if self.chat_id is None:
            raise invalid_field("chatId", "Required with regenerate")
        return Regeneration(user_id=user_id, model_id=self.model_id, chat_id=self.chat_id, message_id=message_id)


class StopBody(JsonBody):
    """The body of POST /chat/stop."""

    session_id: Id
