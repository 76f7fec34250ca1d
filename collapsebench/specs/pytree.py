"""Specs: frozen dataclasses that are pytrees, whose fields are traced leaves or static parts of the program."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Num, PRNGKeyArray, PyTree

from collapsebench.specs.errors import ArgumentError, nearest

Key = PRNGKeyArray
Number = float | Num[Array, ""]
"""A number as a user writes it, or the leaf of a compiled program that it becomes."""
Count = int | Int[Array, ""]
"""A whole number: a generation, or the index in a loop."""
Class = TypeVar("Class", bound=type)
MADE: dict[str, type] = {}
"""Every class that `spec` has made in this process, by `module:Class`: the reader of a record finds here what has been
imported, and needs to import nothing and to look into no module."""


@jax.tree_util.register_static
class Name(str):
    """A string as the value of a numeric field (`bandwidth="scott"`): static, not a traced leaf."""

    __slots__ = ()


@jax.tree_util.register_static
class Size(int):
    """An integer that sets a shape: static, not a traced leaf."""

    __slots__ = ()


class Unnamed(int):
    """A whole number that nobody has named, and that may give way to what there is."""

    __slots__ = ()


class FoundWord(str):
    """A word that an experiment found and nobody named, such as the digest of what was read."""

    __slots__ = ()


class FoundSize(int):
    """A whole number that an experiment found and nobody named, such as the size of what was read."""

    __slots__ = ()


def static(
    default: object = dataclasses.MISSING, *, recorded: bool = True, within: tuple[float, float] | None = None,
    **options: Any,
) -> Any:  # fmt: skip
    """A static field: it sets a shape, a loop length or a branch. Every other field of a spec is a traced leaf.

    recorded: whether it stands in a record; not what cannot be written, such as a function, or changes no number.
    within: where a number must lie; by default a whole number is at least 1, or 0 if that is its default.
    """
    metadata = {"static": True, "recorded": recorded} | ({} if within is None else {"within": within})
    return dataclasses.field(default=default, metadata=metadata, **options)


def within(default: float, low: float = -math.inf, high: float = math.inf) -> Any:
    """A traced leaf whose value must lie in [`low`, `high`]; an Experiment refuses others."""
    return dataclasses.field(default=default, metadata={"within": (low, high)})


_SEVERAL = {int: "tuple[int, ...]", str: "tuple[str, ...]"}


def _settle(self: Any) -> None:
    """Numbers of NumPy become Python's, which every check knows; a word in a traced field becomes static.

    A single number or word for a field of several is one of them, and a list is a tuple: hidden=64 is (64,).
    """
    for field in dataclasses.fields(self):
        value = getattr(self, field.name) if field.init else None
        if isinstance(value, np.generic):
            object.__setattr__(self, field.name, value.item())
        elif type(value) in (int, str, list) and str(field.type).startswith(_SEVERAL.get(type(value), "tuple[")):
            object.__setattr__(self, field.name, tuple(value) if isinstance(value, list) else (value,))
        elif type(value) is str and not field.metadata.get("static"):
            object.__setattr__(self, field.name, Name(value))


def names_fields(cls: Class) -> Class:
    """Class decorator: a call with wrong arguments says which fields there are, and the nearest.

    By `__new__`: the dataclass's own `__init__` stays, whose annotations a type checker reads where they were written.
    """
    made: Any = cls
    made.__new__ = _fitting
    return cls


def _fitting(cls: type, *given: object, **named: object) -> object:
    if (given or named) and (why := _misfit(cls.__init__, given, named)):  # without any it is a copy that is made
        raise ArgumentError(f"{cls.__name__}: {why}")
    return object.__new__(cls)


_signature = functools.cache(inspect.signature)


def _misfit(call: Callable[..., None], given: tuple[object, ...], named: dict[str, object]) -> str:
    """Why arguments do not fit a constructor, in half a line; empty if they do."""
    signature = _signature(call)
    try:
        signature.bind(None, *given, **named)
    except TypeError as error:
        names = [name for name in list(signature.parameters)[1:] if name.isidentifier()]
        wrong = next((name for name in named if name not in names), None)
        if wrong is None:
            return str(error)
        return f"no field {wrong!r}; there are {', '.join(names) or 'none'}{nearest(wrong, names)}"
    return ""


@dataclass_transform(frozen_default=True, field_specifiers=(static, within, dataclasses.field))
def spec(cls: Class) -> Class:
    """Class decorator: make a frozen dataclass that is a pytree; equal specs share a compiled program.

    Not by `jax.tree_util.register_dataclass`: as of JAX 0.10 the structures of two dataclasses with equally many leaves
    and equal static fields compare as equal, and only their hashes keep `jit` from running one class's program for the
    other, which now and then they do not. Here the class is part of what is compared.
    """
    cls.__post_init__ = _settle  # type: ignore[attr-defined]
    made: Any = names_fields(dataclasses.dataclass(frozen=True)(cls))
    names = [field.name for field in dataclasses.fields(made) if field.init]
    fixed = [name for name in names if is_static(made, name)]
    leaves = [name for name in names if name not in fixed]
    keys = [jax.tree_util.GetAttrKey(name) for name in leaves]

    def flatten(self: object) -> tuple[tuple[Any, ...], Any]:
        return tuple(getattr(self, name) for name in leaves), (made, *(getattr(self, name) for name in fixed))

    def flatten_with_keys(self: object) -> tuple[tuple[Any, ...], Any]:
        children, static_part = flatten(self)
        return tuple(zip(keys, children, strict=True)), static_part

    def unflatten(static_part: Any, children: Any) -> Any:
        self = object.__new__(made)
        for name, value in (*zip(fixed, static_part[1:], strict=True), *zip(leaves, children, strict=True)):
            object.__setattr__(self, name, value)
        return self

    jax.tree_util.register_pytree_with_keys(made, flatten_with_keys, unflatten, flatten)
    MADE[f"{made.__module__}:{made.__qualname__}"] = made
    return made


def is_spec(value: object) -> bool:
    """Whether a value is an instance of a class that `spec` made."""
    return type(value) in MADE.values()


def is_static(cls: type, name: str) -> bool:
    """Whether field `name` of a spec class is static: sets a shape, a loop length or a branch."""
    return any(f.name == name and bool(f.metadata.get("static")) for f in dataclasses.fields(cls))


def difference(found: PyTree, wanted: PyTree) -> str:
    """The first difference of two pytrees in structure or in a leaf's shape, in half a line; empty: there is none."""
    ours, theirs = (jax.tree_util.tree_flatten_with_path(tree) for tree in (found, wanted))
    structures: Any = (ours[1], theirs[1])
    if structures[0] != structures[1]:
        names, others = (", ".join(_leaf(path) for path, _ in tree[0]) or "no leaf" for tree in (ours, theirs))
        if names == others:
            names, others = (_one_line(str(tree[1])) for tree in (ours, theirs))
        return f"structure ({names}), not ({others})"
    for (path, leaf), (_, other) in zip(ours[0], theirs[0], strict=True):
        if jnp.shape(leaf) != jnp.shape(other):
            where = _leaf(path)
            return f"shape {jnp.shape(leaf)}, not {jnp.shape(other)}" + (f", in {where}" if path else "")
    return ""


def _leaf(path: tuple[object, ...]) -> str:
    return jax.tree_util.keystr(path).lstrip(".") or "one array"


def _one_line(text: str) -> str:
    return text if len(text) < 80 else f"{text[:77]}..."
