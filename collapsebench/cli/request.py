"""Experiment of a command line: a name with changes of its fields."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from collapsebench.specs.errors import RequestError
from collapsebench.specs.names import FIELDS
from collapsebench.specs.registry import import_object

if TYPE_CHECKING:
    from collapsebench.experiment.experiment import Experiment
    from collapsebench.experiment.sweep import Sweep

_WORDS = {"true": True, "false": False, "none": None, "()": (), "[]": ()}
_DIGITS = 400
"""Of a number that may be meant: the largest float has 309."""


def parse(text: str) -> Any:
    """Parse a value: a number, a truth value, None, a tuple with commas (and brackets around it or not), or a word.

    Tuples and words are read as Python prints them, too: (64, 64), ('height', 'weight').
    """
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if "," in text:
        inner = text[1:-1] if text[0] + text[-1] in ("()", "[]") else text
        return tuple(parse(part.strip()) for part in inner.split(",") if part.strip())
    if text[:1] in "+-.0123456789" and len(text) <= _DIGITS:
        for number in (int, float):
            with contextlib.suppress(ValueError):
                return number(text)
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def typed(field: str, text: str) -> Any:
    """Parse the value of a field, as `parse` does; a part of the user's own is imported and built."""
    value = parse(text)
    if field.split(".")[-1] not in FIELDS:
        return value
    return tuple(imported_part(field, p) for p in value) if isinstance(value, tuple) else imported_part(field, value)


def imported_part(field: str, value: Any) -> Any:
    """The part that `package.module:Class` or `file.py:Class` stands for in a field; anything else stays what it is.

    Raises RequestError, one line, for what cannot be imported or built, or is no part for the field; nothing else is called.
    """
    if not isinstance(value, str) or ":" not in value:
        return value
    from collapsebench.parts.checks import build_part

    found = import_object(value)
    if isinstance(found, str):
        raise RequestError(f"{field} = {value}: it is a word, and no class")
    return build_part(field.split(".")[-1], found, field)


def as_values(value: object) -> list[object]:
    """The values of a swept field: those of a tuple, or one."""
    return list(value) if isinstance(value, tuple) else [value]


def parse_changes(changes: Sequence[str], option: str = "--set") -> dict[str, Any]:
    """Dict of fields and values from FIELD=VALUE texts. Raises RequestError for another form or a repeated field."""
    values: dict[str, Any] = {}
    for change in changes:
        field, equals, text = change.partition("=")
        if not equals:
            raise RequestError(f"{option} {field}: it must be FIELD=VALUE")
        if field in values:
            raise RequestError(f"{field} = {text}: it is given twice, first as {values[field]}")
        values[field] = text if field == "name" else typed(field, text)
    return values


def swept(request: Experiment | Sweep, words: Sequence[str]) -> Experiment | Sweep:
    """The request over the values of the fields that `--sweep` names, beside those that it runs over already."""
    from collapsebench.experiment.sweep import Sweep

    values = {path: as_values(value) for path, value in parse_changes(words, "--sweep").items()}
    if not values:
        return request
    base, own = (request.experiment, request.values) if isinstance(request, Sweep) else (request, {})
    return Sweep(base, {**own, **values})
