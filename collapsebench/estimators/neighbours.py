"""Distances between two sets of rows, and the manifolds that k nearest neighbours make of a sample."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from collapsebench.estimators.means import jackknife
from collapsebench.types import Estimate

FEW = 4
"""Up to this dimension distances are summed coordinate by coordinate; above it a matrix product is faster."""


def squared_distances(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
    """|x_i - y_j|^2, never negative; a matrix product is taken about y's mean, so little is lost where y collapsed."""
    if x.shape[1] <= FEW:
        return sum(((x[:, None, k] - y[None, :, k]) ** 2 for k in range(x.shape[1])), jnp.zeros((), x.dtype))
    centre = y.mean(axis=0)
    x, y = x - centre, y - centre
    cross = jnp.matmul(x, y.T, precision="highest")
    return jnp.maximum((x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)[None, :] - 2 * cross, 0)


def own_distances(x: Float[Array, "n d"]) -> Float[Array, "n n"]:
    """|x_i - x_j|^2 with an exact zero diagonal."""
    return jnp.where(jnp.eye(x.shape[0], dtype=bool), 0, squared_distances(x, x))


def smallest(values: Float[Array, "n m"], k: int) -> list[Float[Array, " n"]]:
    """The k smallest of each row, in order.

    One pass that keeps the best so far: faster than `top_k` or `sort` on a CPU.
    """

    def insert(best: list[Array], column: Array) -> tuple[list[Array], None]:
        kept = []
        for smaller in best:
            kept.append(jnp.minimum(smaller, column))
            column = jnp.maximum(smaller, column)
        return kept, None

    start = [jnp.full(values.shape[0], jnp.inf, values.dtype) for _ in range(k)]
    return jax.lax.scan(insert, start, values.T)[0]


def visits(points: Float[Array, "n d"], sample: Float[Array, "m d"], k: int) -> Bool[Array, "n m"]:
    """Which point lies in which row's ball; a ball reaches to the row's k-th nearest other row, border included.

    Any ball of the sample: the point is in its manifold (Kynkaanniemi et al., 2019, equation 1).
    """
    return squared_distances(points, sample) <= smallest(own_distances(sample), k + 1)[k]  # the first is the row itself


def coverage(real: Float[Array, "n d"], drawn: Float[Array, "m d"], k: int) -> Estimate:
    """Share of real rows whose ball holds a drawn row, with the jackknife's standard error over the drawn rows.

    Source: Naeem et al. (2020), Reliable fidelity and diversity metrics for generative models, equation 4.
    """
    hits_mn = visits(drawn, real, k)
    count_n = hits_mn.sum(axis=0)
    lost_m = (hits_mn & (count_n == 1)).mean(axis=1, dtype=drawn.dtype)
    return Estimate((count_n > 0).mean(dtype=drawn.dtype), jackknife(lost_m))


def recall(real: Float[Array, "n d"], drawn: Float[Array, "m d"], k: int) -> Estimate:
    """Share of real rows in the drawn rows' manifold, with the exact leave-one-out jackknife over the drawn rows.

    Without row j its ball is gone, and the balls that had j among their k nearest reach to the next one.
    """
    own = own_distances(drawn)
    *_, radius, next_radius = smallest(own, k + 2)
    distance_nm = squared_distances(real, drawn)
    hits_nm = distance_nm <= radius
    count_n = hits_nm.sum(axis=1)
    gained_nm = ((distance_nm > radius) & (distance_nm <= next_radius)).astype(drawn.dtype)
    near_mm = (own <= radius[:, None]) & ~jnp.eye(drawn.shape[0], dtype=bool)
    left_nm = count_n[:, None] - hits_nm + gained_nm @ near_mm.astype(drawn.dtype)
    without_m = (left_nm > 0.5).mean(axis=0, dtype=drawn.dtype)
    return Estimate((count_n > 0).mean(dtype=drawn.dtype), jackknife(without_m))
