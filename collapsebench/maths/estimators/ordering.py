"""Sorting by a network of compare-and-swap steps over the whole batch: faster than `jnp.sort` on a CPU."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


@partial(jax.jit, inline=True)  # a plain call, of a model outside of JAX, would compile the loop anew each time
def sort(x: Float[Array, "*lanes n"]) -> Float[Array, "*lanes n"]:
    """x sorted in ascending order along the last axis; +inf last. Source: Batcher (1968), the bitonic sorter."""
    n = x.shape[-1]
    levels = max(1, (n - 1).bit_length())
    padded = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, 2**levels - n)], constant_values=np.inf)
    place = jnp.arange(2**levels)
    steps = jnp.asarray([(2**level, 2**step) for level in range(1, levels + 1) for step in range(level - 1, -1, -1)])

    def swap(i: Array, x: Array) -> Array:
        block, stride = steps[i]
        lower = (place & stride) == 0
        partner = jnp.where(lower, jnp.roll(x, -stride, -1), jnp.roll(x, stride, -1))
        ascending = (place & block) == 0
        return jnp.where(lower == ascending, jnp.minimum(x, partner), jnp.maximum(x, partner))

    return jax.lax.fori_loop(0, len(steps), swap, padded)[..., :n]


def quantiles(x: Float[Array, " n"], q: Float[Array, " m"]) -> Float[Array, " m"]:
    """Quantiles by linear interpolation between order statistics, as in NumPy; q is clipped to [0, 1]."""
    ordered = sort(x)
    place = jnp.clip(q, 0, 1) * (x.shape[0] - 1)
    below = jnp.floor(place).astype(int)
    above = jnp.minimum(below + 1, x.shape[0] - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
