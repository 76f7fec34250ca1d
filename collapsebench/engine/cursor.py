"""The lanes of a run, where it stands between two blocks as one pytree, and what a block has measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from collapsebench.engine.program import Program
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec


@dataclasses.dataclass(frozen=True)
class Lanes:
    """The lanes of a run: one program, and for each lane its trajectory's number and its own values of some leaves.

    index [lanes]. swept: dotted path of a leaf -> [lanes]. stops: generations after which a block must end.
    """

    program: Program
    root: Key
    index: np.ndarray
    swept: dict[str, np.ndarray]
    stops: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.index)

    def end(self, generation: int, length: int) -> int:
        """The generation before which a block of at most `length` generations ends that starts at `generation`."""
        ends = [generation + length, self.program.generations, *(g + 1 for g in self.stops if g >= generation)]
        return min(ends)


@spec
class Cursor:
    """Where a run stands at the end of a block: a pytree of all that the rest of the run follows from.

    lane: the first of the chunk at work; those before it are finished. generation: the next of that chunk. state: the
    chunk's Carry (on the host one for each lane), None before its generation 0. fit: what a fit that was cut has come
    to, None between fits. The arrays are the run's own: going on with it takes them back. `to_arrays` copies them.
    """

    lane: int = 0
    generation: int = 0
    state: PyTree = None
    fit: PyTree = None

    def to_arrays(self, program: Program) -> dict[str, np.ndarray]:
        """The cursor as NumPy arrays by name: copies, to be saved, of which `from_arrays` makes the cursor again.

        Raises RequestError where the run goes on from the parameters of a model that cannot save them.
        """
        model = program.model
        if not model.saves and (program.warm_start or program.regime.models > 1):
            raise model.refuse("a run that goes on from its parameters can be resumed only with save= and load=")
        packed = dataclasses.replace(self, state=_each_model(program.model.pack, self.state))
        return {name: np.array(leaf) for name, leaf in _named(packed)}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, np.ndarray], like: Cursor, program: Program, grow: bool = False
    ) -> Cursor:
        """The cursor of `to_arrays`. like: one of the same run, full, of shapes or arrays.

        grow: of a run of fewer generations, whose pools are shorter; what they have not filled is zero, as at the start.
        Raises RequestError, one line, for arrays that are of no such cursor.
        """
        held = {name.split(".")[0] for name in arrays}
        absent: dict[str, Any] = {name: None for name in ("state", "fit") if name not in held}
        wanted = dataclasses.replace(like, state=_each_model(program.model.pack, like.state))
        wanted = dataclasses.replace(wanted, **absent)
        shapes = dict(_named(wanted))
        for name in sorted(shapes.keys() | arrays.keys()):
            if name not in arrays or name not in shapes:
                raise RequestError(f"cursor: {name} is {'missing' if name in shapes else 'not of this run'}")
            found, shape = np.shape(arrays[name]), np.shape(shapes[name])
            if grow and len(found) == len(shape) and all(a <= b for a, b in zip(found, shape, strict=True)):
                found = shape
            if shape not in (found, (0,)):  # nothing stands for parameters of any length
                raise RequestError(f"cursor: {name} has shape {found}, not {shape}")
        leaves = [_grown(arrays[name], np.shape(shapes[name])) if grow else arrays[name] for name in shapes]
        made: Cursor = jax.tree.unflatten(jax.tree.structure(wanted), leaves)
        state = _each_model(program.model.unpack, made.state)
        return cls(int(made.lane), int(made.generation), state, made.fit)


START = Cursor()
"""Before the first block of a run."""


@dataclasses.dataclass(frozen=True)
class Block:
    """What some lanes have measured over some generations, and where the run stands.

    pieces: metrics [columns, lanes, recorded generations] of lanes that follow each other, in the devices' own memory until
    the next block. carry: the chunk's state after the block, as in a Cursor. cursor: where the run goes on.
    """

    lanes: slice
    generations: slice
    pieces: list[np.ndarray]
    carry: PyTree
    cursor: Cursor


def _named(cursor: Cursor) -> list[tuple[str, Any]]:
    leaves = jax.tree_util.tree_leaves_with_path(cursor)
    return [(jax.tree_util.keystr(path, simple=True, separator="."), leaf) for path, leaf in leaves]


def _grown(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The array with zeros after its own entries, up to a shape."""
    same = shape in (array.shape, (0,))  # nothing stands for parameters of any length
    return array if same else np.pad(array, [(0, b - a) for a, b in zip(array.shape, shape, strict=True)])


def _each_model(function: Callable[[PyTree], PyTree], state: PyTree) -> PyTree:
    """The state, one Carry or several, with `function` of the parameters of every model that it holds."""
    if state is None or isinstance(state, tuple):
        return None if state is None else tuple(_each_model(function, one) for one in state)
    first = None if state.first is None else function(state.first)
    older = tuple(function(params) for params in state.older)
    return dataclasses.replace(state, params=function(state.params), older=older, first=first)
