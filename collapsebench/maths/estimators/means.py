"""Means and shares with standard errors. An infinite value is kept with standard error 0; a NaN is kept."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from collapsebench.maths.numerics import divide
from collapsebench.parts.metric import Estimate


def exact(value: Any) -> Estimate:
    """Estimate with standard error 0, for a value that needs no draws."""
    value = jnp.asarray(value)
    return Estimate(value, jnp.zeros_like(value))


def mean_estimate(values: Float[Array, " n"], w: Float[Array, " n"] | None = None) -> Estimate:
    """Weighted mean of independent values, with its standard error; rows of weight 0 are ignored.

    Variance: sum_i s_i^2 (v_i - mean)^2 * N / (N - 1), with shares s_i and N = 1 / sum_i s_i^2; equal weights give the
    sample variance over n. One infinite value makes the mean infinite, +inf before -inf; one NaN makes both NaN.
    """
    w = jnp.ones_like(values) if w is None else w.astype(values.dtype)
    seen = w > 0
    share = divide(w, w.sum())
    finite = jnp.where(seen & ~jnp.isinf(values), values, 0)
    mean = (share * finite).sum()
    concentration = (share**2).sum()
    residual = share * (finite - mean)
    size = jnp.abs(residual).max()  # keeps the squares of a log density at a collapse from overflowing
    spread = size * jnp.sqrt(divide((divide(residual, size) ** 2).sum(), jnp.maximum(1 - concentration, 0)))
    known = ~jnp.isnan(mean)
    above, below = (seen & (values == jnp.inf)).any() & known, (seen & (values == -jnp.inf)).any() & known
    infinite = jnp.where(above, jnp.inf, jnp.where(below, -jnp.inf, mean))
    return Estimate(infinite, jnp.where(above | below, 0, spread))


def share_estimate(hits: Bool[Array, " n"]) -> Estimate:
    """Share of independent rows that are hits; standard error of Jeffreys' posterior, above 0 even for 0 of n."""
    dtype, n = jnp.result_type(float), hits.shape[0]
    count = hits.sum(dtype=dtype)
    a, b = count + 0.5, n - count + 0.5
    return Estimate(count / n, jnp.sqrt(a * b / ((n + 1.0) ** 2 * (n + 2.0))))


def jackknife(without: Float[Array, " n"]) -> Float[Array, ""]:
    """Jackknife standard error from the n values of a statistic with one row, or group, left out; too large, if wrong.

    Source: Efron and Stein (1981), The jackknife estimate of variance.
    """
    n = without.shape[0]
    return jnp.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
