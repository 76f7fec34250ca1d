"""The generational loop: many trajectories side by side, in blocks of generations, over all devices."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, PyTree

from collapsebench.engine.generation import Carry, Program, real_and_holdout, step
from collapsebench.maths.streams import trajectory_key
from collapsebench.parts.data import Batch, Data
from collapsebench.specs.pytree import Count, Key

COPIED = 1 << 18
"""Numbers that are sooner copied to the devices than a program that makes them there is compiled."""


def blank(shapes: Carry, lanes: int, mesh: Mesh) -> Carry:
    """The state before generation 0, placed as `advance` returns it: otherwise the second call would compile anew."""
    split = NamedSharding(mesh, PartitionSpec("trajectory"))

    def zeros(leaf: jax.ShapeDtypeStruct) -> Array:
        shape = (lanes, *leaf.shape)
        small = math.prod(shape) <= COPIED
        return (
            jax.device_put(np.zeros(shape, leaf.dtype), split) if small else jnp.zeros(shape, leaf.dtype, device=split)
        )

    return jax.tree.map(zeros, shapes)


def advance_group(
    program: Program, keys: Array, swept: dict[str, Array], carry: Carry, start: Count, stop: Count, block: int
) -> tuple[Carry, Array]:
    """Generations [start, stop) of a few trajectories together; the metrics [block, width, columns] fill the first rows.

    The bounds are numbers, not shapes, so every block of every length is the same compiled program. The loop is around
    the map and not inside of it: its counter stays one number, and JAX traces a generation once.
    """

    def own(leaves: dict[str, Array]) -> Program:
        mine = program
        for path, value in leaves.items():
            mine = set_leaf(mine, path, value)
        return mine

    over_lanes = jax.vmap if keys.shape[0] > 1 else alone
    real, holdout = over_lanes(lambda leaves, key: real_and_holdout(own(leaves), key))(swept, keys)
    rows = jnp.zeros((block, keys.shape[0], program.columns), jnp.result_type(float))

    def body(generation: Count, state: tuple[Carry, Array]) -> tuple[Carry, Array]:
        def one(leaves: dict[str, Array], key: Key, real: Data, holdout: Batch, carry: Carry) -> tuple[Carry, Array]:
            return step(own(leaves), key, real, holdout, generation, carry)

        carry, rows = state
        carry, measured = over_lanes(one)(swept, keys, real, holdout, carry)
        return carry, jax.lax.dynamic_update_index_in_dim(rows, measured, generation - start, 0)

    return jax.lax.fori_loop(start, stop, body, (carry, rows))


def alone(function: Callable[..., PyTree]) -> Callable[..., PyTree]:
    """`vmap` for a single lane without a batch axis: conditionals and matrix products stay unbatched."""

    def mapped(*lanes: PyTree) -> PyTree:
        return jax.tree.map(lambda a: a[None], function(*jax.tree.map(lambda a: a[0], lanes)))

    return mapped


def set_leaf(tree: PyTree, path: str, value: Array) -> PyTree:
    """`tree` with the field at a dotted path replaced."""
    head, _, rest = path.partition(".")
    return dataclasses.replace(tree, **{head: set_leaf(getattr(tree, head), rest, value) if rest else value})


@partial(jax.jit, static_argnames=("mesh", "width", "block"), donate_argnames=("carry",))
def advance(
    program: Program, root: Key, swept: dict[str, Array], index: Array, carry: Carry, start: Count, stop: Count,
    *, mesh: Mesh, width: int, block: int,
) -> tuple[Carry, Array]:  # fmt: skip
    """Generations [start, stop) of many lanes: a map of fixed width inside a shard_map over all devices.

    index [lanes] is each lane's trajectory, swept its own leaves (dotted path -> [lanes]); lanes is a multiple of
    devices * width. Returns the states and the metrics [block, lanes, columns].
    """

    def shard(program: Program, root: Key, lanes: PyTree, start: Count, stop: Count) -> PyTree:
        def group(lanes: PyTree) -> PyTree:
            leaves, index, carry = lanes
            keys = jax.vmap(trajectory_key, (None, 0))(root, index)
            return advance_group(program, keys, leaves, carry, start, stop, block)

        count = lanes[1].shape[0]  # no -1 in a reshape: a pool may have no rows at all
        grouped = jax.tree.map(lambda a: a.reshape(count // width, width, *a.shape[1:]), lanes)
        carry, rows = jax.lax.map(group, grouped)
        carry = jax.tree.map(lambda a: a.reshape(count, *a.shape[2:]), carry)
        return carry, jnp.swapaxes(rows, 0, 1).reshape(block, -1, rows.shape[-1])

    everywhere, split = PartitionSpec(), PartitionSpec("trajectory")
    mapped = jax.shard_map(
        shard, mesh=mesh, in_specs=(everywhere, everywhere, split, everywhere, everywhere),
        out_specs=(split, PartitionSpec(None, "trajectory")), check_vma=False,
    )  # fmt: skip
    return mapped(program, root, (swept, index, carry), start, stop)
