"""The JSON Schema of a study file as text."""

from __future__ import annotations

import json

from lutrace.protocol import describe_schema


def format_schema() -> str:
    """The schema as it is published: JSON, keys in the order of the study file."""
    return json.dumps(describe_schema(), indent=1, ensure_ascii=False) + "\n"
