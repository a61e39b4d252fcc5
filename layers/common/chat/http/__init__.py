"""The HTTP side that the functions have in common: credentials, problem documents, JSON in and out.

FastAPI brings models of the OpenAPI document. No function serves one, and building their validators took a seventh of a
cold start (40 to 60 ms): with pydantic's `defer_build` they are built should anybody use them. It must be set before
FastAPI is imported, so nothing of FastAPI is imported ahead of this package; what Starlette has is taken from there.
"""

from pydantic import BaseModel

BaseModel.model_config["defer_build"] = True
try:
    import fastapi.openapi.models  # noqa: F401
finally:
    del BaseModel.model_config["defer_build"]
