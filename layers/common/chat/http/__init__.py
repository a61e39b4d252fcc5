"""HTTP code common to the functions: credentials, problem documents, JSON requests and responses.

FastAPI defines models of the OpenAPI document. No function serves one, and building their validators took a seventh of
a cold start (40 to 60 ms). With pydantic's `defer_build`, they are built on first use. It must be set before FastAPI is
imported, so nothing of FastAPI is imported before this package, and Starlette's names are imported from Starlette.
"""

from pydantic import BaseModel

BaseModel.model_config["defer_build"] = True
try:
    import fastapi.openapi.models  # noqa: F401
finally:
    del BaseModel.model_config["defer_build"]
