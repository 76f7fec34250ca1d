"""Distances between rows, and k-nearest-neighbour estimators: coverage, recall, density, entropy."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import digamma
from jaxtyping import Array, Bool, Float

from collapsebench.maths.estimators.means import jackknife, mean_estimate
from collapsebench.maths.numerics import safe_log
from collapsebench.parts.metric import Estimate

FEW = 4
"""Up to this dimension distances are summed coordinate by coordinate; above it a matrix product is faster."""
BLOCK = 1024
"""Rows that a search for the nearest one compares at a time: the sample may be all of a data set."""


def squared_distances(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
    """|x_i - y_j|^2 [n, m], never negative; computed about y's mean, so little is lost where y has collapsed."""
    if x.shape[1] <= FEW:
        return sum(((x[:, None, k] - y[None, :, k]) ** 2 for k in range(x.shape[1])), jnp.zeros((), x.dtype))
    centre = y.mean(axis=0)
    x, y = x - centre[None], y - centre[None]
    cross = jnp.matmul(x, y.T, precision="highest")
    return jnp.maximum((x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)[None, :] - 2 * cross, 0)


def own_distances(x: Float[Array, "n d"]) -> Float[Array, "n n"]:
    """|x_i - x_j|^2 [n, n] with a diagonal of exactly zero."""
    return jnp.where(jnp.eye(x.shape[0], dtype=bool), 0, squared_distances(x, x))


def smallest(values: Float[Array, "n m"], k: int) -> list[Float[Array, " n"]]:
    """The k smallest values of each row, in ascending order.

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
    """Whether point i lies in the closed ball of sample row j, which reaches to the row's k-th nearest other row.

    Any ball of the sample: the point is in its manifold (Kynkaanniemi et al., 2019, equation 1).
    """
    return (
        squared_distances(points, sample) <= smallest(own_distances(sample), k + 1)[k][None]
    )  # the first is the row itself


def coverage(real: Float[Array, "n d"], drawn: Float[Array, "m d"], k: int) -> Estimate:
    """Share of real rows whose ball holds a drawn row, with a jackknife standard error over the drawn rows.

    Source: Naeem et al. (2020), Reliable fidelity and diversity metrics for generative models, equation 4.
    """
    hits_mn = visits(drawn, real, k)
    count_n = hits_mn.sum(axis=0)
    lost_m = (hits_mn & (count_n == 1)[None]).mean(axis=1, dtype=drawn.dtype)
    return Estimate((count_n > 0).mean(dtype=drawn.dtype), jackknife(lost_m))


def recall(real: Float[Array, "n d"], drawn: Float[Array, "m d"], k: int) -> Estimate:
    """Share of real rows in the manifold of the drawn rows, with an exact jackknife standard error over the drawn rows.

    Without row j its ball is gone, and the balls that had j among their k nearest reach to the next one.
    """
    own = own_distances(drawn)
    *_, radius, next_radius = smallest(own, k + 2)
    distance_nm = squared_distances(real, drawn)
    hits_nm = distance_nm <= radius[None]
    count_n = hits_nm.sum(axis=1)
    gained_nm = ((distance_nm > radius[None]) & (distance_nm <= next_radius[None])).astype(drawn.dtype)
    near_mm = (own <= radius[:, None]) & ~jnp.eye(drawn.shape[0], dtype=bool)
    left_nm = count_n[:, None] - hits_nm + gained_nm @ near_mm.astype(drawn.dtype)
    without_m = (left_nm > 0.5).mean(axis=0, dtype=drawn.dtype)
    return Estimate((count_n > 0).mean(dtype=drawn.dtype), jackknife(without_m))


def density(real: Float[Array, "n d"], drawn: Float[Array, "m d"], k: int) -> Estimate:
    """Mean number of real rows' balls that hold a drawn row, divided by k; standard error over the drawn rows.

    Source: Naeem et al. (2020), Reliable fidelity and diversity metrics for generative models, equation 3.
    """
    return mean_estimate(visits(drawn, real, k).sum(axis=1, dtype=drawn.dtype) / k)


def nearest_distance(
    points: Float[Array, "m d"], sample: Float[Array, "n d"], w: Float[Array, " n"]
) -> Float[Array, " m"]:
    """Distance of each point to the nearest row of positive weight; exactly 0 if it equals that row."""
    n, block = sample.shape[0], min(BLOCK, sample.shape[0])
    more = -n % block
    rows = jnp.pad(sample, ((0, more), (0, 0))).reshape(-1, block, sample.shape[1])
    there = jnp.pad(w > 0, (0, more)).reshape(-1, block)

    def compare(best: Any, these: Any) -> Any:
        smaller, row = best
        x, seen, start = these
        squares = jnp.where(seen, squared_distances(points, x), jnp.inf)
        least = squares.min(axis=1)
        row = jnp.where(least < smaller, start + squares.argmin(axis=1), row)
        return (jnp.minimum(smaller, least), row), None

    nobody = (jnp.full(points.shape[0], jnp.inf, points.dtype), jnp.zeros(points.shape[0], int))
    (_, row), _ = jax.lax.scan(compare, nobody, (rows, there, block * jnp.arange(rows.shape[0])))
    return jnp.sqrt(((points - sample[row]) ** 2).sum(axis=1))  # a matrix product would leave a rounding error of 1e-3


def knn_entropy(x: Float[Array, "n d"], k: int) -> Estimate:
    """Differential entropy in nats from distances r_i to the k-th nearest other row; -inf if one of them is 0.

    digamma(n) - digamma(k) + log V_d + d mean log r, with V_d the volume of the unit ball. Its standard error is the
    exact leave-one-out jackknife's: without row j, the rows that had it among their k nearest reach to the next one.
    (The rows' terms depend on each other: taken for independent, they give too little.)
    Source: Kozachenko and Leonenko (1987); Kraskov, Stogbauer and Grassberger (2004), equation 20.
    """
    n, d = x.shape
    own = own_distances(x)
    *_, square, next_square = smallest(own, k + 2)
    reach, further = (safe_log(a) / 2 for a in (square, next_square))
    ball = 0.5 * d * math.log(math.pi) - math.lgamma(0.5 * d + 1)
    counts = digamma(jnp.asarray([n, k], x.dtype))
    value = counts[0] - counts[1] + ball + d * reach.mean()
    near = (own <= square[:, None]) & ~jnp.eye(n, dtype=bool)
    gained = jnp.where(near, (further - reach)[:, None], 0).sum(axis=0)
    without = d * (reach.sum() - reach + gained) / (n - 1)
    return Estimate(value, jnp.where(jnp.isfinite(value), jackknife(without), 0))
