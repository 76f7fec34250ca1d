"""beartype as jaxtyping's hook calls it, with what it cannot do left out: Self in a method, and structural types."""

import functools
import operator
import sys
import types
import typing

from beartype import BeartypeConf, beartype
from jaxtyping import Array, Num

TOWER = BeartypeConf(is_pep484_tower=True)
"""An int is a float, as it is to mypy."""
LEAVES = {kind: kind | Num[Array, ""] for kind in (float, int, bool)} | {float | None: float | Num[Array, ""] | None}
"""A spec's field is annotated with what a user writes, which records check; in a compiled program its leaf is an array."""
CALLED = set()
"""Every function that was checked, by module and name."""


def checked(function):
    """The function, checked from its first call on: by then every module is there to look names up in."""
    made = []

    @functools.wraps(function)
    def call(*arguments, **named):
        if not made:
            scope = vars(sys.modules[function.__module__])
            hints = typing.get_type_hints(function, scope, include_extras=True)
            if function.__name__ == "__init__":
                hints = {name: LEAVES.get(hint, hint) for name, hint in hints.items()}
            function.__annotations__ = {name: checkable(hint) for name, hint in hints.items()}
            CALLED.add((function.__module__, function.__qualname__))
            made.append(beartype(conf=TOWER)(function))
        return made[0](*arguments, **named)

    return call


def checkable(hint):
    """The hint with `object` for Self and for a protocol, whose attributes a test for it would compute."""
    if hint is typing.Self or getattr(hint, "_is_protocol", False):
        return object
    if not (arguments := typing.get_args(hint)) or typing.get_origin(hint) is typing.Literal:
        return hint
    new = tuple(checkable(a) for a in arguments)
    if new == arguments:
        return hint
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return functools.reduce(operator.or_, new)
    return typing.get_origin(hint)[new]
