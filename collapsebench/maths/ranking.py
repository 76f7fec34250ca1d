"""Selection of rows: the smallest, the best share by weight, the best of every few, quantiles, and importance weights."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from collapsebench.maths.bisection import first_true
from collapsebench.maths.numerics import divide
from collapsebench.specs.pytree import Count, Number


def smallest(x: Float[Array, " n"], count: Number) -> Bool[Array, " n"]:
    """Which are the `count` smallest of positive numbers, all of them where there are fewer; of equal ones the first.

    By bisection, on the bits of the numbers and then on places: a sort of 400 takes a CPU 7 times as long, one of 4000 20.
    """
    bits = jax.lax.bitcast_convert_type(
        x, jnp.int32 if x.dtype.itemsize == 4 else jnp.int64
    )  # in the order of the numbers
    zero = jnp.zeros((), bits.dtype)
    level = first_true(lambda at: (bits <= at).sum() >= count, zero, bits.max() + 1, int(jnp.iinfo(bits.dtype).max))
    below, equal, place = bits < level, bits == level, jnp.arange(x.shape[0])
    last = first_true(lambda at: (below | (equal & (place <= at))).sum() >= count, zero, zero + x.shape[0], x.shape[0])
    return below | (equal & (place <= last))


def best_share(score: Float[Array, " n"], w: Float[Array, " n"], share: Number) -> Bool[Array, " n"]:
    """Which rows are the best `share` of the total weight by their score; the best one always is. Weight 0: never."""
    order = jnp.argsort(jnp.where(w > 0, -score, jnp.inf))
    before = jnp.cumsum(w[order]) - w[order]
    chosen = (before + 0.5 * w[order] <= share * w.sum()) & (w[order] > 0)
    chosen = chosen.at[0].set(w[order[0]] > 0)
    return jnp.zeros(w.shape, bool).at[order].set(chosen)


def weighted_quantile(x: Float[Array, " n"], w: Float[Array, " n"], q: Number) -> Float[Array, ""]:
    """The smallest x whose rows, with those below, are at least a share q of the total weight."""
    order = jnp.argsort(jnp.where(w > 0, x, jnp.inf))
    below = jnp.cumsum(w[order])
    return x[order[jnp.argmax(below >= q * below[-1])]]  # of the same sum, which q = 1 reaches in any rounding


def mean_one(log_weight: Float[Array, " n"], w: Float[Array, " n"]) -> Float[Array, " n"]:
    """exp of log weights, scaled to a mean of 1 over weighted rows; 0 where w is 0."""
    top = jnp.where(w > 0, log_weight, -jnp.inf).max()
    raw = jnp.where(w > 0, jnp.exp(log_weight - jnp.where(jnp.isfinite(top), top, 0)), 0)
    return raw * divide(w.sum(), (w * raw).sum())


def best_of(score: Float[Array, " n"], w: Float[Array, " n"], k: int) -> Float[Array, " n"]:
    """Weight of the best row among every k that follow each other, with the rank of the last rows that are fewer than k.

    1 for the best, 0 for the others and where w is 0.
    """
    n = score.shape[0]
    full = jnp.pad(jnp.where(w > 0, score, -jnp.inf), (0, -n % k), constant_values=-jnp.inf).reshape(-1, k)
    best = jax.nn.one_hot(full.argmax(axis=1), k, dtype=w.dtype).reshape(-1)[:n]
    return jnp.where(w > 0, best, 0)


def skill(generation: Count, drift: Number, fails_at: int | None) -> Float[Array, ""]:
    """Share of a judge's skill that is left: `drift` of it is lost in every generation, and all from `fails_at` on."""
    left = (1 - drift) ** jnp.asarray(generation, jnp.result_type(float))
    return left if fails_at is None else jnp.where(generation >= fails_at, 0, left)
