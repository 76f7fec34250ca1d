"""What is wrong with the value of a field: its annotation says which types it takes, its metadata where a number lies.

The annotation is what a user writes: `float`, `int`, `bool`, `str`, `None`, tuples of these, and alternatives of them.
Anything else (`Any`, an array's shape, a class) is left to its owner, as long as a record can hold the value.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from collapsebench.specs.arrays import DTYPES
from collapsebench.specs.errors import RequestError, shown

DEPTH = 50
"""Levels that a record may be nested: more than any network's parameters, and fewer than end Python's stack."""
LARGEST = 2**31 - 1
"""Of a whole number: sizes and loop lengths are 32 bits wide in a compiled program."""
FLOAT = 3e38
"""Of any other number."""
_ENDS = f"at most {FLOAT:g}, as float32 ends there"
_WORDS = {
    "float": "a number", "int": "a whole number", "bool": "True or False", "str": "a word", "None": "None",
    "tuple[int, ...]": "whole numbers in parentheses, such as (64, 64)",
    "tuple[float, ...]": "numbers in parentheses, such as (0.5, 1.0)",
    "tuple[str, ...]": "words in parentheses, such as ('height', 'weight')",
    "tuple[tuple[int, ...], ...]": "groups of whole numbers, such as ((3, 1), (7, 0))",
}  # fmt: skip


def kinds(own: dataclasses.Field[Any]) -> tuple[str, ...]:
    """The alternatives of a field's annotation: ("tuple[int, ...]", "None") for `tuple[int, ...] | None`."""
    text = own.type.__name__ if isinstance(own.type, type) and "[" not in str(own.type) else str(own.type)
    return _split(text, "|")


def _split(text: str, mark: str) -> tuple[str, ...]:
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == mark and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return tuple(part.strip() for part in parts)


def as_number(value: object) -> np.ndarray | None:
    """A number as a float64 array without axes, or an array of them with its axes; None for what no float can hold."""
    if isinstance(value, str | bytes | None | tuple | list | Mapping | set):
        return None
    try:
        array = np.asarray(value)
        if array.dtype == object and isinstance(value, int):
            return np.asarray(float(value))
        return np.asarray(array, np.float64) if array.dtype.name in DTYPES else None
    except Exception:  # too large a number, a key of JAX, or a stranger's idea of an array
        return None


def check_fields(part: Any, where: str, depth: int = 0) -> None:
    """Raise RequestError, `where.field = value: ...`, for a field of a spec whose value its annotation does not take.

    Specs in its fields are walked too.
    """
    for own in dataclasses.fields(part):
        if not own.init:
            continue
        value, path = getattr(part, own.name), f"{where}.{own.name}"
        if why := problem(own, value):
            raise RequestError(f"{path} = {shown(value.item() if isinstance(value, np.generic) else value)}: {why}")
        if own.metadata.get("recorded", True):
            _check_value(value, path, depth)


def _check_value(value: object, path: str, depth: int) -> None:
    """Raise RequestError for what no record can hold, and for wrong fields of the specs in it."""
    if depth > DEPTH:
        raise RequestError(f"{path}: it is nested more than {DEPTH} levels deep")
    if value is None or isinstance(value, str):
        return
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        check_fields(value, path, depth + 1)
    elif isinstance(value, tuple | list):
        for entry in value:
            _check_value(entry, path, depth + 1)
    elif isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise RequestError(f"{path}: the keys of a dict must be words")
        for key, entry in value.items():
            _check_value(entry, f"{path}.{key}", depth + 1)
    elif (number := as_number(value)) is None:
        raise RequestError(
            f"{path} = {shown(value)}: it is a value of type {type(value).__name__}; numbers, words, tuples, dicts, arrays "
            "of numbers and specs can be recorded"
        )
    elif np.any((np.abs(number) > FLOAT) & np.isfinite(number)):
        raise RequestError(f"{path} = {shown(value)}: {_ENDS}")


def problem(own: dataclasses.Field[Any], value: object) -> str:
    """What is wrong with the value of a field, in half a line; empty: nothing."""
    known = kinds(own)
    if not all(kind in _WORDS for kind in known):
        return ""
    if isinstance(value, int) and abs(value) > LARGEST and as_number(value) is None:
        return "too large a number"
    fitting = [kind for kind in known if _is(kind, value, own)]
    if not fitting:
        return f"it must be {' or '.join(_WORDS[kind] for kind in known)}"
    return _out_of_bounds(own, value, fitting[0]) if fitting[0] in ("float", "int") else ""


def _is(kind: str, value: object, own: dataclasses.Field[Any]) -> bool:
    """Whether a value is of one of the kinds of _WORDS."""
    fixed = bool(own.metadata.get("static"))
    match kind:
        case "None":
            return value is None
        case "str":
            return isinstance(value, str)
        case "tuple[int, ...]":
            return isinstance(value, tuple) and all(_is_whole(entry) for entry in value)
        case "tuple[float, ...]" | "tuple[str, ...]":
            return isinstance(value, tuple) and all(_is(kind[6:-6], entry, own) for entry in value)
        case "tuple[tuple[int, ...], ...]":
            return isinstance(value, tuple) and all(_is("tuple[int, ...]", entry, own) for entry in value)
        case "int" if fixed:
            return _is_whole(value)
        case "bool" if fixed:
            return isinstance(value, bool | np.bool_)
    number = as_number(value)
    if number is None or number.ndim or (fixed and not isinstance(value, int | float | np.number)):
        return False
    if kind == "float":
        return True
    return bool(number in (0, 1)) if kind == "bool" else bool(number == np.round(number))


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and abs(int(value)) <= LARGEST


def _out_of_bounds(own: dataclasses.Field[Any], value: object, kind: str) -> str:
    low, high = own.metadata.get("within", (-math.inf, math.inf))
    if kind == "int" and "within" not in own.metadata and own.metadata.get("static"):
        low = 0 if own.default == 0 else 1
    high = min(high, LARGEST) if kind == "int" else high
    number = as_number(value)
    if number is not None and not np.isnan(number) and low <= number <= high:
        return _ENDS if FLOAT < abs(number) < math.inf else ""
    if not math.isfinite(low) and not math.isfinite(high):
        return "it must be a number"
    return (
        f"it must lie between {low:g} and {high:g}"
        if math.isfinite(high) and high < LARGEST
        else (f"it must be at least {low:g}")
    )
