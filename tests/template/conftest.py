"""The template as written, as SAM transforms it, and as CloudFormation resolves it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from artefacts.sam import ARCHITECTURES, ROOT, build
from artefacts.transformed import ISSUER, transformed_template
from local_stack.cloudformation import Resolver

WITH_URL = ("StartFunction", "StreamFunction", "HistoryFunction")
FUNCTIONS = (*WITH_URL, "CleanupFunction")


class Resolve(Protocol):
    """A part of the transformed template with these parameters' values."""

    def __call__(self, part: Any, **parameters: str) -> Any: ...


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """`template.yaml` with the short tags as long ones."""
    document: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return document


@pytest.fixture(scope="session")
def transformed() -> dict[str, Any]:
    return transformed_template()


@pytest.fixture(scope="session")
def resources(transformed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = transformed["Resources"]
    return found


@pytest.fixture(scope="session")
def resolve(transformed: dict[str, Any]) -> Resolve:
    def resolve_part(part: Any, **parameters: str) -> Any:
        return Resolver(transformed, {"JwtIssuer": ISSUER, **parameters}).resolve(part)

    return resolve_part


@pytest.fixture(params=FUNCTIONS)
def function(request: pytest.FixtureRequest) -> str:
    """Each function's logical id."""
    name: str = request.param
    return name


@pytest.fixture(params=WITH_URL)
def called_function(request: pytest.FixtureRequest) -> str:
    """The logical id of each function that has a URL."""
    name: str = request.param
    return name


@pytest.fixture(scope="session", params=ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def built(architecture: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` makes for the architecture."""
    return build(architecture, tmp_path_factory)


@pytest.fixture(scope="session")
def variables(resources: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Each function's environment, unresolved."""
    return {name: resources[name]["Properties"]["Environment"]["Variables"] for name in FUNCTIONS}
