"""Optimal transport between samples, where sorting solves it, and between their Gaussian fits."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.distributions.normal import Normal
from collapsebench.estimators.means import jackknife
from collapsebench.estimators.reading import gaussian_fit
from collapsebench.types import Estimate, Key

GROUPS = 8
"""Groups of rows that the jackknife leaves out in turn: each costs an eigenvalue problem."""


def w2_squared_sorted(x: Float[Array, "n lines"], y: Float[Array, "n lines"]) -> Float[Array, " lines"]:
    """Squared 2-Wasserstein distance between two samples on the line: sort both, pair in order."""
    return ((jnp.sort(x, axis=0) - jnp.sort(y, axis=0)) ** 2).mean(axis=0)


def sliced_w2(key: Key, x: Float[Array, "n d"], y: Float[Array, "n d"], projections: int) -> Estimate:
    """Root of the mean of W2^2 over random directions; its standard error is that of the directions, samples given.

    Source: Bonneel et al. (2015), Sliced and Radon Wasserstein barycenters of measures, section 2.2.
    """
    directions = jax.random.normal(key, (x.shape[1], projections), x.dtype)
    directions = directions / jnp.linalg.norm(directions, axis=0)
    squares = w2_squared_sorted(*(jnp.matmul(a, directions, precision="highest") for a in (x, y)))
    value = jnp.sqrt(squares.mean())
    spread = squares.std() / jnp.sqrt(max(projections - 1.0, 1.0))
    return Estimate(value, jnp.where(value > 0, spread / (2 * jnp.where(value > 0, value, 1)), 0))


def frechet(x: Float[Array, "n d"], other: Normal) -> Estimate:
    """Squared W2 between the Gaussian fit of x and `other`; standard error by the jackknife over groups of rows."""
    groups = min(GROUPS, x.shape[0])
    group = jnp.arange(x.shape[0]) % groups

    def without(left_out: Array) -> Array:
        return gaussian_fit(x, (group != left_out).astype(x.dtype)).w2_squared(other)

    return Estimate(gaussian_fit(x).w2_squared(other), jackknife(jax.vmap(without)(jnp.arange(groups))))
