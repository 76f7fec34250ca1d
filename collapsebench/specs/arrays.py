"""JSON of arrays and numbers: small arrays as nested lists, large ones by digest with their bytes kept separately."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from collapsebench.specs.errors import RequestError

INLINE = 4096
"""Bytes of the largest array that is written as JSON."""
WORDS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}
"""Numbers that JSON lacks, by the words that stand for them."""
DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16",
          "float32", "float64")  # fmt: skip
_DEEPEST = 64
"""Dimensions that a NumPy array may have."""


def encode_number(value: float) -> float | str:
    """A finite float as it is; infinities and NaN as the words "inf", "-inf" and "nan"."""
    return value if math.isfinite(value) else str(value)


def encode_array(value: object, arrays: dict[str, bytes] | None, field: str) -> dict[str, Any]:
    """JSON data of an array; if it is larger than INLINE bytes, its digest, with the bytes added to `arrays`.

    Raises RequestError for what is no array of numbers.
    """
    try:
        array = np.asarray(value)
    except TypeError:  # a JAX key
        array = np.asarray(None)
    if array.dtype.name not in DTYPES:
        raise RequestError(
            f"{field}: a value of type {type(value).__name__} has no record; numbers, words, tuples, dicts, arrays of "
            "numbers and specs have"
        )
    if array.nbytes <= INLINE:
        shape = {} if array.size else {"shape": list(array.shape)}
        return {"array": _encode_list(array.tolist()), "dtype": array.dtype.name, **shape}
    raw = array.astype(array.dtype.newbyteorder("<")).tobytes()
    name = _digest(raw, array.dtype.name, array.shape)
    if arrays is not None:
        arrays[name] = raw
    return {"sha256": name, "dtype": array.dtype.name, "shape": list(array.shape)}


def decode_array(entries: object, dtype: str, shape: object, where: str) -> np.ndarray:
    """The array written as nested lists; `shape` is given for an empty array only. Raises RequestError at `where`."""
    kind = _dtype(dtype, where)
    try:
        with np.errstate(over="raise"):
            array = np.asarray(_decode_list(entries, kind.kind in "biu", where), kind)
            return array if shape is None else array.reshape(_shape(shape, where))
    except RequestError:
        raise
    except (TypeError, ValueError, ArithmeticError) as error:
        raise RequestError(f"{where}: no array of {dtype} ({error})") from None


def find_array(name: str, dtype: str, shape: object, arrays: Mapping[str, Any], where: str) -> np.ndarray:
    """The array of digest `name` from `arrays`. Raises RequestError if its bytes are missing or of another digest."""
    kind = _dtype(dtype, where)
    if name not in arrays:
        raise RequestError(
            f"{where}: array {name} is not beside the record; read it from the result that it belongs to"
        )
    raw, size = bytes(arrays[name]), _shape(shape, where)
    if _digest(raw, dtype, size) != name:
        raise RequestError(f"{where}: array {name} is not what its digest says")
    return np.frombuffer(raw, kind.newbyteorder("<")).astype(kind).reshape(size)


def _digest(raw: bytes, dtype: str, shape: tuple[int, ...]) -> str:
    return hashlib.sha256(f"{dtype} {list(shape)} ".encode() + raw).hexdigest()


def _encode_list(value: object) -> Any:
    if isinstance(value, list):
        return [_encode_list(entry) for entry in value]
    return encode_number(value) if isinstance(value, float) else value


def _decode_list(value: object, whole: bool, where: str, depth: int = 0) -> Any:
    """Nested lists of numbers, with "inf", "-inf" and "nan" replaced. Raises RequestError for other types of value."""
    if isinstance(value, list) and depth < _DEEPEST:
        return [_decode_list(entry, whole, where, depth + 1) for entry in value]
    if isinstance(value, str) and value in WORDS and not whole:
        return WORDS[value]
    if not isinstance(value, int if whole else int | float):
        raise RequestError(f"{where}: an array holds a value of type {type(value).__name__}")
    return value if whole else float(value)


def _dtype(name: str, where: str) -> np.dtype[Any]:
    if name not in DTYPES:
        raise RequestError(f"{where}: dtype = {name!r}, not one of {', '.join(DTYPES)}")
    return np.dtype(name)


def _shape(shape: object, where: str) -> tuple[int, ...]:
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise RequestError(f"{where}: shape = {shape!r} is no list of sizes")
    return tuple(shape)
