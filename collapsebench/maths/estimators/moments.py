"""Mean and covariance of weighted rows."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.numerics import divide


def weighted_moments(x: Float[Array, "n d"], w: Float[Array, " n"]) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
    """Mean [d] and covariance [d, d] (divided by the total weight) of weighted rows."""
    share = divide(w, w.sum())
    if x.shape[1] == 1:  # plain sums: a dot product with one column does not vectorise
        mean = (share * x[:, 0]).sum()
        centred = x[:, 0] - mean
        return mean[None], (share * centred * centred).sum()[None, None]
    mean = share @ x
    centred = x - mean[None]
    return mean, (centred * share[:, None]).T @ centred


def sample_moments(
    x: Float[Array, "n d"], w: Float[Array, " n"] | None = None
) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
    """Mean [d] and unbiased covariance [d, d] of rows with multiplicity w; covariance 0 for a single row."""
    w = jnp.ones(x.shape[0], x.dtype) if w is None else w.astype(x.dtype)
    mean, covariance = weighted_moments(x, w)
    return mean, covariance * divide(w.sum(), w.sum() - 1)
