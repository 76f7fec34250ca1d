"""The record of a spec: readable JSON, its digest, and a decoder that builds only registered or imported classes.

    {"record": 2, "model": {"type": "kde", "dim": 2, "bandwidth": "scott"}, "n": 100, ...}

A spec is its `type` and the fields that are not at their default, so that a field that is added with a default changes
no digest. A released default is therefore part of what a record means: to change one takes a new version.

A type is a name that stays when a file moves: see `names`.

Numbers are numbers, but `"inf"`, `"-inf"` and `"nan"` are words, as JSON has none; a string that is such a word is
`{"string": "inf"}`. Tuples (and lists, which come back as tuples) are lists, dicts are `{"dict": ...}`, arrays are
`{"array": ..., "dtype": ...}`, and large ones `{"sha256": ..., "dtype": ..., "shape": ...}` with their bytes elsewhere.

Reading builds our own classes and those that the caller has imported, by their constructors, and neither imports nor
calls anything else: what a record names was chosen by whoever wrote the file. Version 1 (every field, no `record`, our
unregistered classes by module, arrays always written out) is read by the same rule.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any

import numpy as np

from collapsebench.specs.arrays import INLINE, WORDS, decode_array, encode_array, encode_number, find_array
from collapsebench.specs.errors import RequestError, nearest, printable
from collapsebench.specs.fields import DEPTH, kinds
from collapsebench.specs.names import FIELDS, check_word, find_type, type_name

VERSION = 2
_NUMBER = (bool, int, float, np.ndarray)
_KINDS: dict[str, Any] = {
    "float": _NUMBER, "int": _NUMBER, "bool": _NUMBER, "str": str, "tuple": tuple, "None": NoneType
}  # fmt: skip


# --- writing --------------------------------------------------------------------------------------------------------


def encode(value: object, arrays: dict[str, bytes] | None = None, field: str = "", depth: int = 0) -> Any:
    """JSON data of a spec or of a field's value; the bytes of large arrays are added to `arrays` by digest.

    Raises RequestError for what a record cannot hold, such as a function.
    """
    if depth > DEPTH:
        raise RequestError(f"{field}: it is nested more than {DEPTH} levels deep")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {"type": type_name(type(value), field), **encode_fields(value, arrays, depth=depth)}
    if isinstance(value, tuple | list):
        return [encode(entry, arrays, field, depth + 1) for entry in value]
    if isinstance(value, Mapping):  # a network's parameters
        if not all(isinstance(key, str) for key in value):
            raise RequestError(f"{field}: the keys of a dict must be words")
        return {"dict": {key: encode(entry, arrays, field, depth + 1) for key, entry in value.items()}}
    if isinstance(value, str):
        return {"string": str(value)} if value in WORDS else str(value)
    if value is None or isinstance(value, bool | np.bool_):
        return None if value is None else bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return encode_number(float(value))
    return encode_array(value, arrays, field)


def encode_fields(
    part: Any, arrays: dict[str, bytes] | None = None, always: tuple[str, ...] = (), depth: int = 0
) -> dict[str, Any]:
    """JSON data of a dataclass's fields, without those at their default unless named in `always`."""
    written = {}
    for own in dataclasses.fields(part):
        if not _is_recorded(own):
            continue
        value, default = getattr(part, own.name), own.default
        if own.name == "type":
            raise RequestError(f"{type(part).__name__}.type: a record has another use for this word; rename the field")
        if type(value) is int and _is_float(own) and abs(value) <= 2**53:
            value = float(value)  # equal experiments have one digest
        found = encode(value, arrays, own.name, depth + 1)
        if own.name in always or default is dataclasses.MISSING or not _same(found, encode(default, None, own.name)):
            written[_key(own)] = found
    return written


def _is_float(field: dataclasses.Field[Any]) -> bool:
    return isinstance(field.default, float) or "float" in str(field.type)


def _same(first: object, second: object) -> bool:
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)  # to which 1, 1.0 and True are three


def digest(data: object) -> str:
    """First 16 hexadecimal digits of the SHA-256 of JSON data: the same on any machine."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# --- reading --------------------------------------------------------------------------------------------------------


def parse(text: object, field: str) -> Any:
    """The data of a JSON text. Raises RequestError, one line, if it is not JSON."""
    if not isinstance(text, str):
        raise RequestError(f"{field}: it must be JSON, and is {'missing' if text is None else 'no text'}")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{field}: not JSON that can be read ({printable(str(error), 100)})") from None


@contextlib.contextmanager
def reading(field: str) -> Iterator[None]:
    """Context manager that turns any exception inside it into a RequestError of one short printable line.

    Any: a constructor or a property of an imported class may raise anything when it is given the values of a record.
    """
    try:
        yield
    except RequestError as error:
        raise RequestError(printable(str(error))) from None
    except Exception as error:
        raise RequestError(printable(f"{field}: {type(error).__name__}: {error}")) from error


def decode_fields(cls: type, data: Any, arrays: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Values of the fields of `cls` from a versioned record, with their specs built. Raises RequestError."""
    if not isinstance(data, dict):
        raise RequestError(f"record: it must be a JSON object, not a value of type {type(data).__name__}")
    version = data.get("record", 1)
    if type(version) is not int or not 1 <= version <= VERSION:
        raise RequestError(f"record = {version!r}: this version of collapsebench reads 1 to {VERSION}")
    fields = {key: value for key, value in data.items() if key != "record"}
    return _Reader(version, arrays or {}).fields(cls, fields, cls.__name__.lower(), 0)


@dataclasses.dataclass(frozen=True)
class _Reader:
    version: int
    arrays: Mapping[str, Any]

    def fields(self, cls: type, data: dict[str, Any], where: str, depth: int) -> dict[str, Any]:
        """Arguments of a dataclass from JSON data. `where` is the dotted path that an error begins with."""
        known = {_key(own): own for own in dataclasses.fields(cls) if _is_recorded(own)}
        if unknown := [key for key in data if key not in known]:
            raise RequestError(
                f"{where}: {cls.__name__} has no field {unknown[0]!r}{nearest(str(unknown[0])[:99], known)}"
            )
        values = {}
        for name, value in data.items():
            own = known[name]
            path = f"{where}.{name}" if depth else name
            words = self.version > 1 or _is_float(own)
            noun = "" if _kinds(own) <= {"str", "None"} else name  # a word of its own, or the name of a part
            values[own.name] = self.value(value, noun, path, words, depth + 1)
            if depth and not _fits(own, values[own.name]):
                raise RequestError(f"{path} = {values[own.name]!r}: it must be of type {own.type}")
        return values

    def value(self, value: object, field: str, where: str, words: bool, depth: int) -> Any:
        """The value that JSON data stand for: lists as tuples, words of numbers as floats, tagged objects built."""
        if depth > DEPTH:
            raise RequestError(f"{where}: it is nested more than {DEPTH} levels deep")
        if isinstance(value, list):
            return tuple(self.value(entry, field, where, words, depth + 1) for entry in value)
        if isinstance(value, dict):
            return self.tagged(value, field, where, words, depth)
        if isinstance(value, str):
            if words and value in WORDS:
                return WORDS[value]
            if field in FIELDS:  # a part by its name, which its owner will look up
                check_word(value, field, where)
        elif value is not None and not isinstance(value, bool | int | float):
            raise RequestError(f"{where}: JSON has no value of type {type(value).__name__}")
        return value

    def tagged(self, data: dict[str, Any], field: str, where: str, words: bool, depth: int) -> Any:
        """The spec, dict, array or escaped string that a JSON object encodes. Raises RequestError for other objects."""
        if "type" in data:
            cls = find_type(data["type"], field, where, moved=self.version == 1)
            fields = {key: value for key, value in data.items() if key != "type"}
            arguments = self.fields(cls, fields, where, depth)
            if missing := [
                own.name for own in dataclasses.fields(cls) if _is_needed(own) and own.name not in arguments
            ]:
                raise RequestError(f"{where}: {cls.__name__} needs {', '.join(missing)}")
            return cls(**arguments)
        match data:
            case {"dict": dict(entries), **rest} if not rest:
                return {key: self.value(entry, field, where, words, depth + 1) for key, entry in entries.items()}
            case {"string": str(text), **rest} if not rest and text in WORDS:
                return text
            case {"array": entries, "dtype": str(dtype), **rest} if rest.keys() <= {"shape"}:
                array = decode_array(entries, dtype, rest.get("shape"), where)
                if self.version > 1 and array.nbytes > INLINE:
                    raise RequestError(f"{where}: an array of {array.nbytes} bytes is written out; at most {INLINE}")
                return array
            case {"sha256": str(name), "dtype": str(dtype), "shape": shape, **rest} if not rest:
                return find_array(name, dtype, shape, self.arrays, where)
        raise RequestError(f"{where}: {{{', '.join(map(repr, data))}}} is no spec, dict, array or string of a record")


def _key(own: dataclasses.Field[Any]) -> str:
    """The key of a field in a record: its name, unless that has another use there."""
    return str(own.metadata.get("key", own.name))


def _is_recorded(own: dataclasses.Field[Any]) -> bool:
    return own.init and own.metadata.get("recorded", True)


def _is_needed(own: dataclasses.Field[Any]) -> bool:
    return own.init and own.default is dataclasses.MISSING and own.default_factory is dataclasses.MISSING


def _kinds(own: dataclasses.Field[Any]) -> set[str]:
    """Names of the alternatives in a field's annotation: {"tuple", "None"} for `tuple[int, ...] | None`."""
    return {kind.split("[")[0] for kind in kinds(own)}


def _fits(own: dataclasses.Field[Any], value: object) -> bool:
    """Whether a value matches a field's annotation, where that is simple; False for an array in a static field."""
    if own.metadata.get("static") and isinstance(value, np.ndarray):
        return False
    return any(name not in _KINDS or isinstance(value, _KINDS[name]) for name in _kinds(own))
