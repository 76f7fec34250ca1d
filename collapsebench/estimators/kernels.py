"""The kernel two-sample statistic."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.estimators.neighbours import own_distances, squared_distances
from collapsebench.types import Estimate


def median_distance(x: Float[Array, "n d"]) -> Float[Array, ""]:
    """Median distance between two different rows; 1 where it is 0, so that it can be a bandwidth."""
    n = x.shape[0]
    upper = jnp.triu_indices(n, 1)
    median = jnp.sqrt(jnp.median(own_distances(x)[upper]))
    return jnp.where(median > 0, median, 1)


def mmd_squared(x: Float[Array, "n d"], y: Float[Array, "n d"], bandwidth: Float[Array, ""]) -> Estimate:
    """Unbiased squared maximum mean discrepancy, kernel exp(-|a - b|^2 / (2 bandwidth^2)); it may be negative.

    The mean over i != j of h_ij = k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(x_j, y_i), a U-statistic of the pairs
    (x_i, y_i). Its variance is (4 (n - 2) zeta_1 + 2 zeta_2) / (n (n - 1)), zeta_2 = Var h, zeta_1 = Var E[h_12 | 1].
    The variance of h's row means estimates zeta_1 + (zeta_2 - zeta_1) / (n - 1), so it is right under equality, too.
    Source: Gretton et al. (2012), lemma 6; Serfling (1980), section 5.2.1.
    """
    n = x.shape[0]

    def kernel(squared: Array) -> Array:
        return jnp.exp(-squared / (2 * bandwidth**2))

    cross = kernel(squared_distances(x, y))
    h = kernel(own_distances(x)) + kernel(own_distances(y)) - cross - cross.T
    off = 1 - jnp.eye(n, dtype=h.dtype)
    rows = (h * off).sum(axis=1) / (n - 1)
    value = rows.mean()
    of_pair = (((h - value) ** 2) * off).sum() / (n * (n - 1))
    of_row = ((rows - value) ** 2).sum() / (n - 1)
    of_row = jnp.maximum((of_row - of_pair / (n - 1)) * (n - 1) / (n - 2), 0)
    return Estimate(value, jnp.sqrt((4 * (n - 2) * of_row + 2 * of_pair) / (n * (n - 1))))
