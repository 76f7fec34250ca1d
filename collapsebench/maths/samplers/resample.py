"""Draws of rows and symbols by weight: with replacement by inverse CDF, without replacement by a random order."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from collapsebench.maths.samplers.bits import PERMUTE, UNIFORM, float_dtype, hash_words, indices, key_words, over_lanes


def _cumulative(weights):
    """Running sums that stay exactly constant where the weight is 0, so that a search never lands there.

    A parallel sum rounds differently at neighbouring places: without the maximum a zero weight could own a sliver.
    """
    return lax.cummax(jnp.where(weights > 0, jnp.cumsum(weights), -jnp.inf))


@partial(jax.jit, static_argnames="n", inline=True)
def categorical_rows(key: jax.Array, probs: jax.Array, n: int) -> jax.Array:
    """n symbols [n] as int32, drawn independently in proportion to probs [symbols] (they need not sum to 1).

    A symbol of probability 0 is never returned, unless all are 0: then 0 is. Cost: log2(symbols) look-ups a draw, and
    no table of n by symbols.
    """
    dtype = float_dtype(probs)
    cumulative = _cumulative(jnp.asarray(probs, dtype))
    high, low = hash_words(*key_words(key), UNIFORM, indices((n,)))
    if dtype == jnp.float64:
        u = (high.astype(dtype) * 2.0**21 + (low >> np.uint32(11)).astype(dtype)) * 2.0**-53
    else:
        u = (high >> np.uint32(8)).astype(dtype) * 2.0**-24  # below 1, and u * total below total
    method = "compare_all" if probs.shape[0] <= 32 else "scan_unrolled"  # look-ups do not vectorise on a CPU
    found = jnp.searchsorted(cumulative, u * cumulative[-1], side="right", method=method)
    return jnp.minimum(found, probs.shape[0] - 1).astype(jnp.int32)


@partial(jax.jit, static_argnames="n", inline=True)
def choose_rows(key: jax.Array, weights: jax.Array, n: int) -> jax.Array:
    """n row indices [n] as int32, drawn with replacement in proportion to weights [rows].

    Where the rows that count come first and weigh the same, as in most training sets, a row is a whole random number
    and nothing is searched.
    """
    return _choose(*key_words(key), weights, lax.iota(jnp.uint32, n))


@over_lanes
def _choose(k0, k1, weights, index):
    """Row indices [lanes, n] for weights [lanes, rows]."""
    live = jnp.sum(weights > 0, axis=1)
    places = lax.iota(jnp.int32, weights.shape[1])
    level = jnp.all(weights == jnp.where(places[None] < live[:, None], weights[:, :1], 0), axis=1)
    high, _ = hash_words(k0[:, None], k1[:, None], UNIFORM, index)
    whole = _scaled(high, live[:, None].astype(jnp.uint32)).astype(jnp.int32)

    def search():
        def one(k0, k1, weights):
            key = jax.random.wrap_key_data(jnp.stack([k0, k1]), impl="threefry2x32")
            return categorical_rows(key, weights, index.shape[1])

        return jnp.where(level[:, None], whole, jax.vmap(one)(k0, k1, weights))

    return lax.cond(jnp.all(level), lambda: whole, search)


def _scaled(bits, size):
    """floor(bits * size / 2**32) in 32-bit integers: whole, below `size`, uniform to within size / 2**32."""
    low = np.uint32(0xFFFF)
    a, b, c, d = bits >> np.uint32(16), bits & low, size >> np.uint32(16), size & low
    middle = a * d + ((b * d) >> np.uint32(16))
    return a * c + (middle >> np.uint32(16)) + ((b * c + (middle & low)) >> np.uint32(16))


@partial(jax.jit, static_argnames="n", inline=True)
def subsample_rows(key: jax.Array, weights: jax.Array, n: int) -> tuple[jax.Array, jax.Array]:
    """n different rows of positive weight, uniformly without replacement: (rows [n] int32, kept [n] bool).

    How many rows are positive may be traced; if fewer than n are, they come first and `kept` is False after them.
    Law: the first n of a uniformly random order, made by sorting 64 random bits a row.
    """
    size = weights.shape[0]
    high, low = hash_words(*key_words(key), PERMUTE, indices((size,)))
    dead = ~(weights > 0)
    _, _, _, order = lax.sort((dead.astype(jnp.uint32), high, low, lax.iota(jnp.int32, size)), num_keys=3)
    return order[:n], jnp.arange(n) < jnp.sum(~dead)
