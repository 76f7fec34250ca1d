"""Names of specs, in records and in messages."""

from __future__ import annotations

import re
from typing import Any


def spec_name(part: Any) -> str:
    """The registered name of a spec, or the `module:Class` that finds it."""
    cls = type(part)
    return cls.__dict__.get("registry_name") or f"{cls.__module__}:{cls.__qualname__}"


def short_name(part: Any) -> str:
    """The registered name of a spec, or its class's name in lower case with underscores."""
    name = type(part).__name__
    return type(part).__dict__.get("registry_name") or re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
