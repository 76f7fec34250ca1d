"""Wasserstein distances: between samples on a line, along random projections, and between normals by moments."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.estimators.means import jackknife
from collapsebench.maths.estimators.ordering import sort
from collapsebench.maths.linalg import root_gap
from collapsebench.maths.numerics import divide
from collapsebench.maths.sums import centred
from collapsebench.maths.triangles import rows_factor
from collapsebench.parts.metric import Estimate
from collapsebench.specs.pytree import Key

GROUPS = 8
"""Groups of rows that the jackknife leaves out in turn: each costs a singular value decomposition."""


def w2_squared_sorted(x: Float[Array, "*lines n"], y: Float[Array, "*lines n"]) -> Float[Array, " *lines"]:
    """Squared 2-Wasserstein distance between two samples of equal size on the line, by sorting both."""
    ordered = sort(jnp.stack([x, y]))
    return ((ordered[0] - ordered[1]) ** 2).mean(axis=-1)


def sliced_w2(key: Key, x: Float[Array, "n d"], y: Float[Array, "n d"], projections: int) -> Estimate:
    """Sliced 2-Wasserstein distance: root of mean W2^2 over random directions; standard error over directions only.

    Source: Bonneel et al. (2015), Sliced and Radon Wasserstein barycenters of measures, section 2.2.
    """
    directions = jax.random.normal(key, (projections, x.shape[1]), x.dtype)
    directions = directions / jnp.linalg.norm(directions, axis=1, keepdims=True)
    squares = w2_squared_sorted(*(jnp.matmul(directions, rows.T, precision="highest") for rows in (x, y)))
    value = jnp.sqrt(squares.mean())
    spread = squares.std() / jnp.sqrt(max(projections - 1.0, 1.0))
    return Estimate(value, jnp.where(value > 0, spread / (2 * jnp.where(value > 0, value, 1)), 0))


def frechet(x: Float[Array, "n d"], mean: Float[Array, " d"], covariance: Float[Array, "d d"]) -> Estimate:
    """Frechet distance: squared W2 of normals with the rows' moments and the given ones; jackknife over groups of rows.

    |m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1^1/2 S2 S1^1/2)^1/2, by `root_gap`, with no less accuracy where rows are
    fewer than dimensions. Source: Dowson and Landau (1982).
    """
    groups = min(GROUPS, x.shape[0])
    group = jnp.arange(x.shape[0]) % groups
    values, vectors = jnp.linalg.eigh(covariance)
    root = vectors * jnp.sqrt(jnp.maximum(values, 0))[None]

    def distance(w: Array) -> Array:
        total, own_mean, rows, _ = centred(x, w)
        rows = rows * jnp.sqrt(divide(w, total - 1))[:, None]
        own = rows.T if x.shape[0] < x.shape[1] else rows_factor(rows)
        return ((own_mean - mean) ** 2).sum() + root_gap(own, root)

    kept = jnp.concatenate([jnp.full((1, x.shape[0]), True), group[None] != jnp.arange(groups)[:, None]])
    values = jax.vmap(distance)(kept.astype(x.dtype))
    return Estimate(values[0], jackknife(values[1:]))
