"""The JSON documents that operations take and return."""

from collections.abc import Mapping
from typing import Any

type OperationRequest = Mapping[str, Any]
type OperationResponse = dict[str, Any]
