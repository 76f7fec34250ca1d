"""Numbers that a person gives: read in float64, refused with row and column where they are no finite numbers."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

LARGEST, SMALLEST = 1e18, 1e-18
"""Of a float32 number whose square is neither infinite nor 0."""
_KINDS = {
    "c": "complex numbers; give real and imaginary parts as two columns",
    "M": "dates; give them as numbers, for instance days since the first",
    "m": "durations; give them as numbers, for instance seconds",
    "U": "words", "S": "words", "V": "records; give one column after another",
}  # fmt: skip


def as_numbers(values: Any) -> np.ndarray:
    """An array of a person's numbers: int64 or uint64 where they are whole numbers by type, else float64.

    Raises ValueError, half a line, for anything but finite numbers; it names the first row and column, from 1.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError("its rows are of different lengths") from None
    if array.dtype == object:
        array = _of_objects(array)
    kind = array.dtype.kind
    if kind in _KINDS:
        raise ValueError(f"it holds {_KINDS[kind]}")
    if kind in "bu" or kind == "i":
        return array.astype(np.uint64 if kind == "u" and array.itemsize == 8 else np.int64)
    array = array.astype(np.float64)
    if not (good := np.isfinite(array)).all():
        raise ValueError(f"{place(~good)} is {array[tuple(np.argwhere(~good)[0])]}; leave such rows out")
    return array


def _of_objects(array: np.ndarray) -> np.ndarray:
    """Python's own numbers, as a table of columns of several types gives them."""
    wrong = np.array([not isinstance(value, numbers.Real) for value in array.ravel()]).reshape(array.shape)
    if array.size and wrong.any():
        value = array[tuple(np.argwhere(wrong)[0])]
        what = "missing" if value is None else f"of type {type(value).__name__}"
        raise ValueError(f"{place(wrong)} is {what}, not a number")
    try:
        return array.astype(np.float64)
    except OverflowError:
        raise ValueError("it holds a whole number that is too large for a float") from None


def place(wrong: np.ndarray) -> str:
    """The first place of a mask [rows, columns] in words, counted from 1, and how many there are."""
    first = np.argwhere(wrong)[0]
    where = f"row {first[0] + 1}" if len(first) else "it"
    where += f", column {first[1] + 1}" if len(first) > 1 and wrong.shape[1] > 1 else ""
    count = int(wrong.sum())
    return where if count == 1 else f"{where} (one of {count})"


def whole(array: np.ndarray, low: float, high: float, what: str) -> np.ndarray:
    """The numbers as int32, where all are whole and from `low` to `high`. Raises ValueError, half a line, else."""
    wrong = (array != np.round(array)) | (array < low) | (array > high)
    if wrong.any():
        value = array[tuple(np.argwhere(wrong)[0])]
        bounds = f"from {low:g} to {high:g}" if high < 2**31 - 1 else f"of at least {low:g} and below 2**31"
        raise ValueError(f"{place(wrong)} is {value:g}; {what} must be whole numbers {bounds}")
    return array.astype(np.int32)


def check_float32(array: np.ndarray) -> None:
    """Raise ValueError, half a line, for columns that float32 cannot hold or cannot tell apart."""
    table = array.reshape(len(array), -1)
    size = np.abs(table)
    if (wrong := size > LARGEST).any():
        value = table[tuple(np.argwhere(wrong)[0])]
        raise ValueError(f"{place(wrong)} is {value:g}, and float32 has no square of it; divide by a scale, or use x64")
    spread = table.std(axis=0)
    least = np.maximum(SMALLEST, np.finfo(np.float32).eps * size.max(axis=0, initial=0))
    varies = np.ptp(table, axis=0) > 8 * np.finfo(np.float64).eps * size.max(axis=0, initial=0)
    for j in np.flatnonzero(varies & (spread < least)):
        raise ValueError(
            f"column {j + 1} varies by {spread[j]:.2g} about {table[:, j].mean():.6g}, which float32 cannot tell apart; "
            "subtract the mean and divide by a scale, or use x64"
        )
