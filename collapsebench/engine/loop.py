"""The generational loop: many trajectories side by side, in blocks of generations, over all devices."""

from __future__ import annotations

import copy
import itertools
import math
import time
from collections.abc import Callable, Hashable, Iterator
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, PyTree

from collapsebench.engine import devices
from collapsebench.engine.cursor import START, Block, Cursor, Lanes
from collapsebench.engine.draws import real_and_holdout, snapshot
from collapsebench.engine.generation import empty_carry, generate
from collapsebench.engine.plan import Plan
from collapsebench.engine.program import Carry, Program
from collapsebench.maths.streams import trajectory_key
from collapsebench.specs.pytree import Count, Key

COPIED = 1 << 18
"""Numbers that are sooner copied to the devices than a program that makes them there is compiled."""
CHOSEN_THERE = 1 << 23
"""Bytes of which an accelerator is spared the copying by a program that chooses: 2 ms each time, for 50 ms once."""
SECONDS = 0.5
"""How long a call should take: often enough for a progress bar and Ctrl-C, seldom enough to cost nothing."""
TILE = 16
"""Generations whose metrics are turned around together, while they are in the cache: a line of it holds as many."""


class Compiled:
    """The engine of models that JAX can trace: lanes are compiled into one program and run side by side."""

    def __init__(self, lanes: Lanes) -> None:
        self._mesh = (
            devices.mesh()
        )  # before any array is made: the first starts the backend, with one device if not told
        self._lanes = lanes
        self._shapes = empty_carry(lanes.program, lanes.root)

    def plan(self, width: int | None = None, together: bool = False) -> Plan:
        """Sizes of the run, as `Plan.of` chooses them."""
        return Plan.of(self._lanes.program, self._shapes, len(self._lanes), width, together)

    def full(self, plan: Plan) -> Cursor:
        """A cursor of shapes with all that one of this run can hold."""
        lead = lambda leaf: jax.ShapeDtypeStruct((plan.chunk, *leaf.shape), leaf.dtype)  # noqa: E731
        return Cursor(state=jax.tree.map(lead, self._shapes))

    def blocks(self, plan: Plan, cursor: Cursor = START) -> Iterator[Block]:
        """Run the lanes from a cursor on: a block of generations of one chunk after another, in order."""
        lanes, program = self._lanes, self._lanes.program
        advance = compiled(self._mesh, plan.width, program.model.streams)
        measured = room(program, plan.chunk, plan.block, self._mesh)
        pace = plan, _pace_of(program)
        rate = _PACES.get(pace, 0.0)  # lane-generations a second; a block is one generation while it is unknown
        for low in range(cursor.lane, len(lanes), plan.chunk):
            rows = np.arange(low, low + plan.chunk) % len(lanes)  # the last chunk is filled up: one program for all
            useful = min(plan.chunk, len(lanes) - low)
            mine = {path: values[rows] for path, values in lanes.swept.items()}
            carry, generation = placed(self._shapes, plan.chunk, self._mesh), 0
            if low == cursor.lane and cursor.state is not None:
                carry, generation = jax.device_put(cursor.state, _split(self._mesh)), cursor.generation
            while generation < program.generations:
                stop = lanes.end(generation, min(plan.block, max(1, int(rate * SECONDS / plan.chunk))))
                begun = time.perf_counter()
                bounds = np.int32(generation), np.int32(stop)
                carry, measured = advance(program, lanes.root, mine, lanes.index[rows], carry, measured, *bounds)
                pieces = pieces_of(measured, useful, program.recorded_in(generation, stop))
                _PACES[pace] = rate = plan.chunk * (stop - generation) / max(time.perf_counter() - begun, 1e-6)
                done = stop == program.generations
                after = Cursor(low + useful) if done else Cursor(low, stop, carry)
                yield Block(slice(low, low + useful), slice(generation, stop), pieces, carry, after)
                pieces.clear()  # or the next call could not write to the same memory
                generation = stop

    def draw(self, block: Block, rows: int, n: int) -> PyTree:
        """n draws of each model of a block, after its last generation, of the lanes below `rows`: [lanes, n, ...]."""
        low, rows = block.lanes.start, min(rows, block.lanes.stop)
        lanes, last = self._lanes, np.int32(block.generations.stop - 1)
        kept = jax.tree.map(lambda a: a[: rows - low], (block.carry.params, block.carry.first))
        return jax.tree.map(np.asarray, _draws(lanes.program, lanes.root, lanes.index[low:rows], last, kept, n=n))


@partial(jax.jit, static_argnames="n")
def _draws(program: Program, root: Key, index: Array, generation: Count, kept: PyTree, *, n: int) -> PyTree:
    """One lane after another: a picture is not worth the memory of 16 networks' draws."""

    def one(lane: PyTree) -> PyTree:
        i, (params, first) = lane
        return snapshot(program, trajectory_key(root, i), generation, params, first, n)

    return jax.lax.map(one, (index, kept))


_PACES: dict[tuple[Plan, Hashable], float] = {}


def _pace_of(program: Program) -> Hashable:
    """What the speed of a program follows from: its structure, shapes and numbers."""
    leaves, structure = jax.tree.flatten(program)
    return structure, tuple(float(leaf) if np.ndim(leaf) == 0 else np.shape(leaf) for leaf in leaves)


_ROOM = PartitionSpec(None, "trajectory")


def _split(mesh: Mesh) -> NamedSharding:
    return NamedSharding(mesh, PartitionSpec("trajectory"))


def placed(shapes: Carry, lanes: int, mesh: Mesh) -> Carry:
    """The state before generation 0, placed as a block returns it: otherwise the second call would compile anew."""
    return jax.tree.map(lambda leaf: _zeros((lanes, *leaf.shape), leaf.dtype, _split(mesh)), shapes)


def _zeros(shape: tuple[int, ...], dtype: np.dtype, where: NamedSharding) -> Array:
    small = math.prod(shape) <= COPIED
    return jax.device_put(np.zeros(shape, dtype), where) if small else jnp.zeros(shape, dtype, device=where)


def room(program: Program, lanes: int, block: int, mesh: Mesh) -> Array:
    """Where `advance` writes the metrics of up to `block` generations: [columns, lanes, whole tiles]."""
    tile = min(TILE, block)
    shape = program.columns, lanes, math.ceil(block / tile) * tile
    return _zeros(shape, jnp.result_type(float), NamedSharding(mesh, _ROOM))


def pieces_of(measured: Array, lanes: int, chosen: slice | np.ndarray) -> list[np.ndarray]:
    """The chosen generations' metrics of the first lanes, [columns, lanes, chosen], as they lie on one device after another.

    An accelerator chooses before it copies, if that spares it more than a program for this number of generations costs.
    """
    shards = sorted(measured.addressable_shards, key=lambda shard: shard.index[1].start or 0)
    kept = len(np.arange(measured.shape[2])[chosen])
    spared = measured.nbytes // len(shards) * (1 - kept / measured.shape[2])
    there = jax.default_backend() != "cpu" and spared > CHOSEN_THERE
    found = [np.asarray(shard.data[..., chosen]) if there else np.asarray(shard.data)[..., chosen] for shard in shards]
    starts = itertools.accumulate((piece.shape[1] for piece in found), initial=0)
    return [piece[:, : max(0, lanes - start)] for piece, start in zip(found, starts, strict=False)]


@cache
def compiled(mesh: Mesh, width: int, network: bool = False) -> Any:
    """`advance` over all devices of a mesh, compiled; it takes back the memory of the states and metrics that it is given.

    network: as in `devices.compiler_options`.
    """
    everywhere, split = PartitionSpec(), PartitionSpec("trajectory")
    mapped = jax.shard_map(
        partial(advance, width=width), mesh=mesh,
        in_specs=(everywhere, everywhere, split, split, split, _ROOM, everywhere, everywhere),
        out_specs=(split, _ROOM), check_vma=False,
    )  # fmt: skip
    return jax.jit(mapped, donate_argnums=(4, 5), compiler_options=devices.compiler_options(network))


def advance(
    program: Program, root: Key, swept: dict[str, Array], index: Array, carry: Carry, measured: Array, start: Count,
    stop: Count, *, width: int,
) -> tuple[Carry, Array]:  # fmt: skip
    """Generations [start, stop) of many lanes, in groups of `width`, one group after another.

    index [lanes] is each lane's trajectory, swept its own leaves (dotted path -> [lanes]); lanes is a multiple of
    `width`. Returns the states and `measured` [columns, lanes, block], the memory of an earlier call's, with the metrics of
    the stop - start generations first: as results keep them, so that the devices turn them around and not the host.
    """
    tile, zero = min(TILE, measured.shape[2]), np.int32(0)  # of the bounds' own dtype

    def group(measured: Array, lanes: PyTree) -> tuple[Array, Carry]:
        # The bounds are numbers, not shapes, so every block of every length is the same compiled program. The loop is
        # around the map and not inside of it: its counter stays one number, and JAX traces a generation once.
        first, leaves, index, carry = lanes
        own, axes = program, jax.tree.map(lambda _: None, program)
        for path, values in leaves.items():
            own, axes = set_leaf(own, path, values), set_leaf(axes, path, 0)
        over_lanes: Any = jax.vmap if width > 1 else alone
        keys = jax.vmap(trajectory_key, (None, 0))(root, index)
        real, holdout = over_lanes(real_and_holdout, (axes, 0))(own, keys)
        one = over_lanes(generate, (axes, 0, 0, 0, None, 0))

        def turn(i: Count, state: tuple[Carry, Array, Array]) -> tuple[Carry, Array, Array]:
            low = start + i * tile

            def body(generation: Count, state: tuple[Carry, Array]) -> tuple[Carry, Array]:
                carry, row = one(own, keys, real, holdout, generation, state[0])
                return carry, jax.lax.dynamic_update_index_in_dim(state[1], row, generation - low, 0)

            carry, rows, measured = state
            carry, rows = jax.lax.fori_loop(low, jnp.minimum(low + tile, stop), body, (carry, rows))

            write = lambda _, measured: jax.lax.dynamic_update_slice(  # noqa: E731
                measured, rows.transpose(2, 1, 0), (zero, first, i * tile)
            )
            if program.recorded is None:
                return carry, rows, write(0, measured)
            # A loop of no turn or one: of a conditional's whole result a copy might be made.
            return carry, rows, jax.lax.fori_loop(zero, _any_in(program.recorded, low, tile), write, measured)

        rows = jnp.zeros((tile, width, program.columns), measured.dtype)
        carry, _, measured = jax.lax.fori_loop(zero, -(-(stop - start) // tile), turn, (carry, rows, measured))
        return measured, carry

    count = index.shape[0]  # no -1 in a reshape: a pool may have no rows at all
    lanes = jax.tree.map(lambda a: a.reshape(count // width, width, *a.shape[1:]), (swept, index, carry))
    measured, carry = jax.lax.scan(group, measured, (np.arange(0, count, width, dtype=np.int32), *lanes))
    return jax.tree.map(lambda a: a.reshape(count, *a.shape[2:]), carry), measured


def _any_in(recorded: Array, low: Count, length: int) -> Count:
    """1 if any of the generations from `low` on is recorded, else 0."""
    number = jnp.arange(recorded.shape[0], dtype=jnp.int32)
    return jnp.any(recorded & (number >= low) & (number < low + length)).astype(jnp.int32)


def alone(function: Callable[..., PyTree], axes: tuple[PyTree, ...]) -> Callable[..., PyTree]:
    """`vmap` for a single lane without a batch axis: conditionals and matrix products stay unbatched."""

    def first(axis: int | None, tree: PyTree) -> PyTree:
        return tree if axis is None else jax.tree.map(lambda a: a[0], tree)

    def mapped(*lanes: PyTree) -> PyTree:
        own = jax.tree.map(first, axes, lanes, is_leaf=lambda a: a is None)
        return jax.tree.map(lambda a: a[None], function(*own))

    return mapped


def set_leaf(tree: PyTree, path: str, value: Any) -> PyTree:
    """`tree` with the field at a dotted path replaced; not by its constructor, for the value may be that of many lanes."""
    head, _, rest = path.partition(".")
    made = copy.copy(tree)
    object.__setattr__(made, head, set_leaf(getattr(tree, head), rest, value) if rest else value)
    return made
