"""What clients send, and what they get back."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from chat.http.json_body import JsonBody

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
    """The body of POST /chat/start."""

    model_id: Annotated[str, Field(min_length=1, max_length=128)]
    prompt: Text
    chat_id: Id | None = None
    project_id: Id | None = None
    task_id: Id | None = None
    cache: bool = True


class StopBody(JsonBody):
    """The body of POST /chat/stop."""

    session_id: Id
