"""The FastAPI application that every function starts from."""

from typing import Any

from fastapi import FastAPI

from chat.http import problems
from chat.http.correlation import RequestIds


def new_app(**options: Any) -> FastAPI:
    """An application without documentation pages and redirects, with problem documents and request ids in its logs.

    `options` are FastAPI's.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, **options)
    problems.install(app)
    app.add_middleware(RequestIds)
    return app
