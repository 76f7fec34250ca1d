"""Mean and covariance of weighted rows."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.numerics import divide
from collapsebench.maths.sums import centred, products


def weighted_moments(x: Float[Array, "n d"], w: Float[Array, " n"]) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
    """Mean [d] and covariance [d, d] (divided by the total weight) of weighted rows."""
    total, mean, rows, _ = centred(x, w)
    if x.shape[1] == 1:  # a dot product with one column does not vectorise
        return mean, divide((w * rows[:, 0] * rows[:, 0]).sum(), total)[None, None]
    return mean, divide(products(rows * w[:, None], rows), total)


def sample_moments(
    x: Float[Array, "n d"], w: Float[Array, " n"] | None = None
) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
    """Mean [d] and unbiased covariance [d, d] of rows with multiplicity w; covariance 0 for a single row."""
    w = jnp.ones(x.shape[0], x.dtype) if w is None else w.astype(x.dtype)
    mean, covariance = weighted_moments(x, w)
    return mean, covariance * divide(w.sum(), w.sum() - 1)
