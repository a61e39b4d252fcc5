"""HTTP code shared by the functions: credentials, problem documents, JSON requests and responses.

FastAPI brings models of the OpenAPI document. No function serves one, and building their validators took a seventh of a
cold start (40 to 60 ms): with pydantic's `defer_build` they are only built on use. It must be set before
FastAPI is imported, so nothing imports FastAPI before this package; names that Starlette has are imported from there.
"""

from pydantic import BaseModel

BaseModel.model_config["defer_build"] = True
try:
    import fastapi.openapi.models  # noqa: F401
finally:
    del BaseModel.model_config["defer_build"]
