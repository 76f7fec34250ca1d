"""What a user gives as a part: built, if it is of the right noun, and checked field by field, with the parts inside."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from collapsebench.parts.curator import Curator
from collapsebench.parts.metric import Metric
from collapsebench.parts.model import Model
from collapsebench.parts.part import Part
from collapsebench.parts.regime import Regime
from collapsebench.parts.target import Target
from collapsebench.specs.errors import ArgumentError, RequestError, shown
from collapsebench.specs.fields import DEPTH, check_fields
from collapsebench.specs.names import FIELDS, NOUNS, is_ours, spec_name
from collapsebench.specs.pytree import Unnamed, is_spec

BASES: dict[str, Any] = {"target": Target, "model": Model, "regime": Regime, "curator": Curator, "metrics": Metric}
"""Field of an experiment, or of another part, -> what the part in it derives from."""
DRAWN = 2**32
"""Random numbers that one draw may ask for: their counter has 32 bits."""


def build_part(field: str, value: object, where: str = "") -> Any:
    """The target, model, regime, curator or metric that a name, a class or a spec stands for, as a spec.

    A class is called only if it derives from the base class of its noun. where: what an error begins with (by default the
    field). Raises RequestError for anything else, and for a class that cannot be built without arguments.
    """
    where, base = where or field, BASES[field]
    found = NOUNS[FIELDS[field]].get(value, where if where != field else "") if isinstance(value, str) else value
    if isinstance(found, type):
        found = made(found, base, where)
    if not isinstance(found, base):
        truth = field == "target" and isinstance(found, Model)
        why = "it is a model; Truth(model, params) makes a target of it" if truth else _derives(base)
        raise RequestError(f"{where} = {_what(found)}: {why}")
    if not is_spec(found):
        raise RequestError(f"{where} = {spec_name(found)}: it is no spec; decorate its class with @collapsebench.spec")
    return found


def made(cls: type, base: type[Part], where: str) -> Any:
    """An instance of a class with its defaults. Raises RequestError where that is of another noun, or cannot be made."""
    name = cls.__dict__.get("registry_name") or f"{cls.__module__}:{cls.__qualname__}"
    if not issubclass(cls, base):
        raise RequestError(f"{where} = {name}: {_derives(base)}")
    try:
        return cls()
    except (Exception, SystemExit) as error:
        if isinstance(error, RequestError) and not isinstance(error, ArgumentError):
            raise
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise RequestError(f"{where} = {name}: it cannot be built without arguments ({said})") from error


def _derives(base: type[Part]) -> str:
    return f"a {base.noun.rstrip('s')} derives from collapsebench.{base.__name__}"


def _what(value: object) -> str:
    return spec_name(value) if dataclasses.is_dataclass(value) else f"a value of type {type(value).__name__}"


def check_part(field: str, part: Any, where: str = "", depth: int = 0) -> None:
    """Raise RequestError for a field of a part that has a wrong type or size, or holds a part of another noun."""
    where = where or field
    if depth > DEPTH:
        raise RequestError(f"{where}: it is nested more than {DEPTH} levels deep")
    check_fields(part, where)
    for own in dataclasses.fields(part):
        if own.name in BASES and own.init:
            value, path = getattr(part, own.name), f"{where}.{own.name}"
            if value is None and own.default is None:
                continue
            check_part(own.name, build_part(own.name, value, path), path, depth + 1)


@contextlib.contextmanager
def asking(part: Any) -> Iterator[None]:
    """Context in which a part of another package is asked something: any error of its own is a RequestError."""
    try:
        yield
    except RequestError:
        raise
    except (Exception, SystemExit) as error:
        if is_ours(type(part).__module__):
            raise
        raise part.refuse(f"it raised {type(error).__name__}: {error}".removesuffix(": ")) from error


def check_family(part: Target | Model) -> None:
    """Raise RequestError where a part's fields do not make a distribution. Computes nothing: its shapes are traced."""
    try:
        part.family()
    except RequestError:
        raise
    except Exception as error:
        why = str(error).strip().split("\n")[0]
        raise part.refuse(f"its fields do not go together ({type(error).__name__}: {why[:200]})") from error


def check_dims(target: Target, model: Model) -> None:
    """Raise RequestError unless model and target agree on the dimension or the number of classes, where both are named."""
    for field, ours, theirs in (("dim", model.dim, target.dim), ("classes", model.classes, target.classes)):
        for noun, size in (("model", ours), ("target", theirs)):
            if isinstance(size, int | np.integer) and size < 1:
                raise RequestError(f"{noun}.{field} = {size}: it must be at least 1")
        named = not (isinstance(ours, Unnamed) or isinstance(theirs, Unnamed))
        if named and ours is not None and theirs is not None and ours != theirs:
            raise RequestError(f"model.{field} = {ours}: the target has {field} = {theirs}; make them equal")
    if target.kind != model.kind:
        learns, gives = model.kind, target.kind
        raise RequestError(
            f"model = {spec_name(model)}: it learns {learns} data, but target {spec_name(target)} gives {gives} data"
        )


def check_drawn(field: str, value: object, rows: float, target: Target) -> None:
    """Raise RequestError for a set of rows that no one draw can make."""
    numbers = rows * max(1, target.dim or 1)
    if not numbers < DRAWN or rows >= 2**31:
        wide = f" of {target.dim} numbers" if (target.dim or 1) > 1 else ""
        raise RequestError(
            f"{field} = {shown(value)}: that makes {rows:.3g} rows{wide}, and one draw makes at most 2**31 - 1 rows, and "
            "2**32 numbers"
        )
