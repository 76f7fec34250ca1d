"""The request that a command line makes: an experiment by name, with changes of its fields."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from collapsebench.specs.errors import RequestError


def parse(text: str) -> Any:
    """A value from the command line: a number, a truth value, None, a tuple with commas, or a word."""
    if "," in text:
        return tuple(parse(part) for part in text.split(",") if part)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return ast.literal_eval(text.lstrip("0") if text.lstrip("0").isdigit() else text)
    except (ValueError, SyntaxError):
        return text


def parse_changes(changes: Sequence[str]) -> dict[str, Any]:
    """Fields and their values. Raises RequestError for what is no FIELD=VALUE, or is there twice."""
    values: dict[str, Any] = {}
    for change in changes:
        field, equals, text = change.partition("=")
        if not equals:
            raise RequestError(f"--set {field}: it must be FIELD=VALUE")
        if field in values:
            raise RequestError(f"{field} = {text}: it is given twice, first as {values[field]}")
        values[field] = text if field == "name" else parse(text)
    return values
