"""Cholesky's algorithm vectorised over a batch, where XLA on a CPU would call LAPACK one matrix at a time."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from collapsebench.maths.samplers.bits import over_lanes

UNROLLED = 4
"""Dimensions up to which a factorisation is written out."""
PANEL, PANELS = 16, 8
"""Rows of a panel of Cholesky's algorithm, at least, and panels, at most: each is compiled by itself."""


def cholesky(gram: Float[Array, "lanes p p"], dim: int) -> tuple[Float[Array, "lanes dim p"], Float[Array, " lanes"]]:
    """R of Cholesky's algorithm for the first `dim` columns, and the least share of a diagonal entry that a pivot kept.

    With the lanes last, so that every step is vectorised: LAPACK takes one matrix at a time. In at most PANELS panels of
    rows, each of which changes the rows after it by one product.
    """
    rest = gram[:, :dim].transpose(1, 2, 0)
    whole = jnp.diagonal(gram, axis1=1, axis2=2)[:, :dim].T
    size = max(PANEL, -(-dim // PANELS))
    done, kept = [], jnp.ones_like(whole[0])
    for start in range(0, dim, size):
        rows, kept = _panel(rest[:size], whole[start : start + size], kept, dim)
        done.append(jnp.pad(rows, ((0, 0), (start, 0), (0, 0))))
        if start + size < dim:
            after = rows[:, size:]
            product = jnp.einsum("kil,kjl->ijl", after[:, : dim - start - size], after, precision="highest")
            rest = rest[size:, size:] - product
    return jnp.concatenate(done).transpose(2, 0, 1), kept


def _panel(
    rest: Float[Array, "rows p lanes"], whole: Float[Array, "rows lanes"], kept: Float[Array, " lanes"], dim: int
) -> tuple[Float[Array, "rows p lanes"], Float[Array, " lanes"]]:
    """Rows of R from what is left of those of the matrix, whose first column is the diagonal's, and `kept` with theirs."""
    size = rest.shape[0]
    floor = dim * float(jnp.finfo(rest.dtype).eps)
    index = jnp.arange(rest.shape[1])[:, None]

    def step(k: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        rest, done, kept = state
        row = lax.dynamic_index_in_dim(rest, k, 0, keepdims=False)
        pivot = lax.dynamic_index_in_dim(row, k, 0, keepdims=False)
        diagonal = lax.dynamic_index_in_dim(whole, k, 0, keepdims=False)
        none = pivot <= floor * diagonal
        # A division of every entry, infinity for 0: it ends a kernel of XLA's, or all that follows would make its row anew.
        length = jnp.sqrt(jnp.where(none, 1, pivot))[None]
        row = row / jnp.where(none[None] | (index < k), jnp.inf, length)
        rest = rest - row[:size, None] * row[None]
        share = jnp.where(diagonal == 0, 1, pivot / jnp.where(diagonal == 0, 1, diagonal))
        return rest, lax.dynamic_update_index_in_dim(done, row, k, 0), jnp.minimum(kept, share)

    return lax.fori_loop(0, size, step, (rest, jnp.zeros_like(rest), kept))[1:]


def psd_factor(matrix: Float[Array, "d d"]) -> Float[Array, "d d"]:
    """Lower-triangular F with F F^T = matrix, for a positive semi-definite matrix of any rank.

    Cholesky's algorithm, in which a pivot that rounding cannot tell from zero, beside the diagonal's entry, makes its
    column zero. Where there are rows, `rows_factor` sees directions that their covariance has lost.
    """
    dim = matrix.shape[-1]
    if dim == 1:
        return jnp.sqrt(jnp.maximum(matrix, 0))
    return _factor_unrolled(matrix) if dim <= UNROLLED else _factor_lanes(matrix)


_factor_lanes = over_lanes(lambda matrix: cholesky(matrix, matrix.shape[1])[0].swapaxes(1, 2))


def _factor_unrolled(matrix: Array) -> Array:
    dim = matrix.shape[-1]
    floor = dim * jnp.finfo(matrix.dtype).eps
    rows: list[list[Array]] = []
    inverse: list[Array] = []
    zero = jnp.zeros((), matrix.dtype)
    for i in range(dim):
        row: list[Array] = []
        for j in range(i):
            rest = matrix[i, j] - sum((row[k] * rows[j][k] for k in range(j)), zero)
            row.append(rest * inverse[j])
        pivot = matrix[i, i] - sum((entry * entry for entry in row), zero)
        none = pivot <= floor * matrix[i, i]
        inverse.append(jnp.where(none, 0, lax.rsqrt(jnp.where(none, 1, pivot))))
        rows.append([*row, pivot * inverse[i]])
    return jnp.stack([jnp.stack(row + [zero] * (dim - 1 - i)) for i, row in enumerate(rows)])
