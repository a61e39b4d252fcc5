"""Query strings: known fields are parsed, unknown ones are ignored.

FastAPI's own parameters would do the same, but import all of pydantic.v1 to check for its models.
"""

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from chat.http.problems import invalid_fields


def read_query[Query: BaseModel](request: Request, model: type[Query]) -> Query:
    """The query's fields; if a name is repeated, the last value wins.

    Raises:
        InvalidRequestError: 422 `invalid_request` with the fields.
    """
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise invalid_fields(error.errors(include_input=False, include_url=False, include_context=False)) from None
