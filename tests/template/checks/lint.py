"""What AWS's own tools say."""

import json
from collections.abc import Iterator

from cfnlint import api  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]
from samtranslator.model.exceptions import InvalidDocumentException  # type: ignore[import-untyped]

from template.checks.stack import Stack


def check_sam(stack: Stack) -> Iterator[str]:
    """SAM can transform it. All other checks are about the result."""
    try:
        _ = stack.transformed
    except InvalidDocumentException as error:
        yield str(error)


def check_lint(stack: Stack) -> Iterator[str]:
    """No finding, informational ones included."""
    config = ManualArgs(include_checks=["I"], regions=["eu-central-1"])
    for match in api.lint(json.dumps(stack.transformed), config=config):
        yield f"{match.rule.id} {'/'.join(map(str, match.path or []))}: {match.message}"
