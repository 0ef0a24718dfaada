"""Report: what people are told about a run."""

from typing import Any

Json = dict[str, Any]
