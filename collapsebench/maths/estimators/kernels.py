"""Maximum mean discrepancy, the kernel two-sample statistic."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.estimators.neighbours import own_distances, squared_distances
from collapsebench.maths.estimators.ordering import sort
from collapsebench.parts.metric import Estimate


def median_distance(x: Float[Array, "n d"]) -> Float[Array, ""]:
    """Median distance between two different rows, or 1 if that is 0: a positive bandwidth."""
    n = x.shape[0]
    squared = sort(jnp.where(jnp.eye(n, dtype=bool), -jnp.inf, own_distances(x)).ravel())[n:]  # each pair twice
    median = (jnp.sqrt(squared[n * (n - 1) // 2 - 1]) + jnp.sqrt(squared[n * (n - 1) // 2])) / 2
    return jnp.where(median > 0, median, 1)


def mmd_squared(x: Float[Array, "n d"], y: Float[Array, "n d"], bandwidth: Float[Array, ""]) -> Estimate:
    """Unbiased squared maximum mean discrepancy, kernel exp(-|a - b|^2 / (2 bandwidth^2)); it may be negative.

    The mean over i != j of h_ij = k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(x_j, y_i), a U-statistic of the pairs
    (x_i, y_i), n > 4. Source: Gretton et al. (2012), lemma 6.
    """

    def kernel(squared: Array) -> Array:
        return jnp.exp(-squared / (2 * bandwidth**2))

    cross = kernel(squared_distances(x, y))
    return pair_mean(kernel(own_distances(x)) + kernel(own_distances(y)) - cross - cross.T)


def polynomial_mmd_squared(x: Float[Array, "n d"], y: Float[Array, "n d"]) -> Estimate:
    """Unbiased squared maximum mean discrepancy, kernel (a . b / d + 1)^3; it may be negative.

    Here the pairs (x_i, y_i) count in the mean of the cross kernel, as published; the standard error is that without.
    Source: Binkowski et al. (2018), Demystifying MMD GANs, equation 4 and section 4.
    """
    n = x.shape[0]

    def kernel(a: Array, b: Array) -> Array:
        return (jnp.matmul(a, b.T, precision="highest") / a.shape[1] + 1) ** 3

    cross = kernel(x, y)
    without = pair_mean(kernel(x, x) + kernel(y, y) - cross - cross.T)
    off = (cross.sum() - jnp.trace(cross)) / (n * (n - 1))
    return Estimate(without.value + 2 * (off - cross.mean()), without.standard_error)


def pair_mean(h: Float[Array, "n n"]) -> Estimate:
    """Mean of a symmetric h over i != j, a U-statistic of n > 4 independent rows.

    Its variance is (4 (n - 2) z1 + 2 z2) / (n (n - 1)), z2 = Var h, z1 = Var E[h_12 | row 1]; and (n - 1)^2 / (n - 2)
    times the variance of h's row means is z2 + (n - 4) z1 on average. Where z1 = 0, as under equality of two laws, the
    floor, a quarter of the variance then, makes it about 1.3 times the variance; the usual jackknife says twice.
    Source: Serfling (1980), section 5.2.1.
    """
    n = h.shape[0]
    off = 1 - jnp.eye(n, dtype=h.dtype)
    rows = (h * off).sum(axis=1) / (n - 1)
    value = rows.mean()
    z2 = ((h - value) ** 2 * off).sum() / (n * (n - 1))
    z1 = (((rows - value) ** 2).sum() * (n - 1) / (n - 2) - z2) / (n - 4)
    equal = 2 * z2 / (n * (n - 1))
    return Estimate(value, jnp.sqrt(jnp.maximum(equal + 4 * (n - 2) * z1 / (n * (n - 1)), equal / 4)))
