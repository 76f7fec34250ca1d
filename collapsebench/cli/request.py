"""Experiment of a command line: a name with changes of its fields."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from collapsebench.specs.errors import RequestError
from collapsebench.specs.names import FIELDS
from collapsebench.specs.registry import import_object


def parse(text: str) -> Any:
    """Parse a value: a number, a truth value, None, a tuple with commas, or a word."""
    if "," in text:
        return tuple(parse(part) for part in text.split(",") if part)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return ast.literal_eval(text.lstrip("0") if text.lstrip("0").isdigit() else text)
    except (ValueError, SyntaxError):
        return text


def typed(field: str, text: str) -> Any:
    """Parse the value of a field, as `parse` does; a part of the user's own is imported and built."""
    value = parse(text)
    if field.split(".")[-1] not in FIELDS:
        return value
    return tuple(map(imported_part, value)) if isinstance(value, tuple) else imported_part(value)


def imported_part(value: Any) -> Any:
    """The part that `package.module:Class` or `file.py:Class` stands for; anything else stays what it is.

    Raises RequestError, one line, for what cannot be imported.
    """
    found = import_object(value) if isinstance(value, str) and ":" in value else value
    return found() if isinstance(found, type) else found


def parse_changes(changes: Sequence[str]) -> dict[str, Any]:
    """Dict of fields and values from FIELD=VALUE texts. Raises RequestError for another form or a repeated field."""
    values: dict[str, Any] = {}
    for change in changes:
        field, equals, text = change.partition("=")
        if not equals:
            raise RequestError(f"--set {field}: it must be FIELD=VALUE")
        if field in values:
            raise RequestError(f"{field} = {text}: it is given twice, first as {values[field]}")
        values[field] = text if field == "name" else typed(field, text)
    return values
