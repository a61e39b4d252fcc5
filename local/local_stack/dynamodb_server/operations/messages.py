"""The JSON documents that operations take and return."""

from collections.abc import Mapping
from typing import Any

type Request = Mapping[str, Any]
type Response = dict[str, Any]
