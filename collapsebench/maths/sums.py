"""Sums over rows, of any number of rows, that rounding does not reach.

XLA makes a tree of `x.sum()` on every device, so that its error is a few units of the last place. A dot product is one
running sum on a CPU, which in float32 has lost 1.6% of the variance after 1e7 rows, and on a GPU its factors may be cut
to 11 bits (TF32). So long dot products are added up here in blocks, and at full precision.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from collapsebench.maths.numerics import divide

LONG = 1 << 14
"""Rows up to which one running sum is good to a few parts in 1e6."""
BLOCK = 1 << 11
"""Rows of a block of a longer one."""


def dots(a: Float[Array, "*#some n"], b: Float[Array, "*#some n"]) -> Float[Array, ...]:
    """Dot products over the last axis."""
    if a.shape[-1] > LONG:
        return (a * b).sum(axis=-1)
    return jnp.einsum("...n,...n->...", a, b, precision="highest")


def products(a: Float[Array, "n p"], b: Float[Array, "n q"]) -> Float[Array, "p q"]:
    """a^T b [p, q]: the sums over rows of all products of two columns."""
    n = a.shape[0]
    whole = n // BLOCK * BLOCK if n > LONG else 0
    last = jnp.matmul(a[whole:].T, b[whole:], precision="highest")
    if not whole:
        return last
    blocks = (x[:whole].reshape(-1, BLOCK, x.shape[1]) for x in (a, b))
    # Without the barrier XLA may take the sum over blocks for a part of the product.
    return jax.lax.optimization_barrier(jnp.einsum("kni,knj->kij", *blocks, precision="highest")).sum(axis=0) + last


def columns(x: Float[Array, "n d"], w: Float[Array, " n"]) -> Float[Array, " d"]:
    """Weighted sums of columns [d]."""
    if x.shape[0] > LONG:
        return (w[None] * x.T).sum(axis=1)
    return jnp.matmul(w, x, precision="highest")


def centred(
    x: Float[Array, "n d"], w: Float[Array, " n"]
) -> tuple[Array, Float[Array, " d"], Float[Array, "n d"], Float[Array, " d"]]:
    """Total weight, weighted mean [d], rows less the mean [n, d], and a power of two near the size of each column.

    About one of the rows, so that neither has lost digits to a mean far from 0; its distance from the mean is the size.
    """
    total = w.sum()
    if x.shape[1] == 1:  # a column of its own vectorises better than a matrix of one
        origin = _one_of(x[:, 0], w)
        moved = x[:, 0] - origin
        mean = divide((w * moved).sum(), total)
        return total, (origin + mean)[None], (moved - mean)[:, None], power_near(mean)[None]
    origin = _one_of(x, w)
    moved = x - origin[None]
    mean = divide(columns(moved, w), total)
    return total, origin + mean, moved - mean[None], power_near(mean)


def _one_of(x: Float[Array, "n ..."], w: Float[Array, " n"]) -> Float[Array, ...]:
    """A row that weighs something: the first, the middle or the last one; a search would cost as much as a sum."""
    first, middle, last = 0, w.shape[0] // 2, w.shape[0] - 1
    return jnp.where(w[first] > 0, x[first], jnp.where(w[middle] > 0, x[middle], jnp.where(w[last] > 0, x[last], 0)))


def power_near(sizes: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """A power of two near each size, 1 for 0: scaling by it rounds nothing and keeps squares within range."""
    kind = jnp.finfo(sizes.dtype)
    power = jax.lax.reduce_precision(jnp.abs(sizes), kind.nexp, 0)
    return jnp.where((power > kind.tiny) & (power < 1 / kind.tiny), power, 1)


def counts(symbols: Int[Array, " n"], w: Float[Array, " n"], classes: int) -> Float[Array, " K"]:
    """Total weight [classes] of each symbol 0 .. classes - 1.

    Long ones in blocks, whose totals are added up in two numbers: a float32 counter stops at 2^24, where 1 is rounded off.
    """

    def count(symbols: Array, w: Array) -> Array:
        return jnp.zeros(classes, w.dtype).at[symbols].add(w, mode="promise_in_bounds")

    size = max(LONG, classes)
    n = symbols.shape[0]
    if n <= size:
        return count(symbols, w)
    more = -n % size
    blocks = jnp.pad(symbols, (0, more)).reshape(-1, size), jnp.pad(w, (0, more)).reshape(-1, size)

    def add(state: tuple[Array, Array], block: tuple[Array, Array]) -> tuple[tuple[Array, Array], None]:
        total, rest = state
        new = count(*block)
        both = total + new
        lost = jnp.where(total >= new, (total - both) + new, (new - both) + total)  # Neumaier (1974)
        return (both, rest + lost), None

    zero = jnp.zeros(classes, w.dtype)
    total, rest = jax.lax.scan(add, (zero, zero), blocks)[0]
    return total + rest
