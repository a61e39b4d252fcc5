"""JSON bodies (RFC 8259): UTF-8, one object, known fields only."""

import json
from typing import Never

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from chat.errors import InvalidRequestError
from chat.http.problems import invalid_fields


class JsonBody(BaseModel):
    """A body's fields: camelCase on the wire, snake_case here."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=False,
        hide_input_in_errors=True,
    )


async def read_json[Body: JsonBody](request: Request, model: type[Body]) -> Body:
    """The request's body.

    Raises:
        InvalidRequestError: 415 `unsupported_media_type`, 400 `invalid_json`, or 422 `invalid_request` with the fields.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise InvalidRequestError(
            "The body must be JSON, with the content type application/json.", code="unsupported_media_type", status=415
        )
    try:
        document = json.loads((await request.body()).decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InvalidRequestError("The body is not JSON.", code="invalid_json", status=400) from None
    if not isinstance(document, dict):
        raise InvalidRequestError("The body must be a JSON object.")
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise invalid_fields(error.errors(include_input=False, include_url=False, include_context=False)) from None


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")
