"""The template as written, and what `sam build` makes of it."""

from pathlib import Path
from typing import Any

import pytest

from artefacts.sam import ARCHITECTURES, build
from artefacts.transformed import source_template


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """`template.yaml` with the short tags as long ones; not to be changed."""
    return source_template()


@pytest.fixture(scope="session", params=ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def built(architecture: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` makes for the architecture."""
    return build(architecture, tmp_path_factory)
