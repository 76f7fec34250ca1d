"""Small dense linear algebra over a batch: what XLA on a CPU hands to LAPACK one matrix at a time is written out here.

For a dimension up to `UNROLLED` the factorisations are scalar programs that `vmap` turns into operations over the
batch axis; above it they are loops over columns or LAPACK. All accept singular input.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

UNROLLED = 4


def psd_factor(matrix: Float[Array, "d d"]) -> Float[Array, "d d"]:
    """Lower-triangular F with F F^T = matrix, for a positive semi-definite matrix of any rank.

    Cholesky's algorithm in which a pivot that rounding cannot tell from zero makes its column zero.
    """
    dim = matrix.shape[-1]
    floor = dim * jnp.finfo(matrix.dtype).eps * jnp.trace(matrix) / dim
    if dim == 1:
        return jnp.sqrt(jnp.maximum(matrix, 0))
    return _factor_unrolled(matrix, floor) if dim <= UNROLLED else _factor_columns(matrix, floor)


def _inverse_pivot(pivot: Array, floor: Array) -> Array:
    return jnp.where(pivot > floor, jax.lax.rsqrt(jnp.where(pivot > floor, pivot, 1)), 0)


def _factor_unrolled(matrix: Array, floor: Array) -> Array:
    dim = matrix.shape[-1]
    rows: list[list[Array]] = []
    inverse: list[Array] = []
    zero = jnp.zeros((), matrix.dtype)
    for i in range(dim):
        row: list[Array] = []
        for j in range(i):
            rest = matrix[i, j] - sum((row[k] * rows[j][k] for k in range(j)), zero)
            row.append(rest * inverse[j])
        pivot = matrix[i, i] - sum((entry * entry for entry in row), zero)
        inverse.append(_inverse_pivot(pivot, floor))
        rows.append([*row, pivot * inverse[i]])
    return jnp.stack([jnp.stack(row + [zero] * (dim - 1 - i)) for i, row in enumerate(rows)])


def _factor_columns(matrix: Array, floor: Array) -> Array:
    dim = matrix.shape[-1]
    index = jnp.arange(dim)

    def column(j: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        rest, factor = state
        pivot_row = jnp.take(rest, j, axis=0)
        new = jnp.where(index >= j, pivot_row * _inverse_pivot(pivot_row[j], floor), 0)
        return rest - new[:, None] * new[None, :], factor.at[:, j].set(new)

    return jax.lax.fori_loop(0, dim, column, (matrix, jnp.zeros_like(matrix)))[1]


def solve_lower(factor: Float[Array, "d d"], rhs: Float[Array, " d"]) -> Float[Array, " d"]:
    """The x with factor x = rhs, factor lower-triangular. A zero pivot gives a zero (the minimum-norm convention)."""
    dim = factor.shape[-1]
    if dim > UNROLLED:
        safe = factor + jnp.diag(jnp.where(jnp.diagonal(factor) == 0, 1, 0).astype(factor.dtype))
        solution = jax.scipy.linalg.solve_triangular(safe, rhs, lower=True)
        return jnp.where(jnp.diagonal(factor) == 0, 0, solution)
    x: list[Array] = []
    for i in range(dim):
        rest = rhs[i] - sum((factor[i, j] * x[j] for j in range(i)), jnp.zeros((), rhs.dtype))
        x.append(jnp.where(factor[i, i] == 0, 0, rest / jnp.where(factor[i, i] == 0, 1, factor[i, i])))
    return jnp.stack(x)


def solve_upper(factor: Float[Array, "d d"], rhs: Float[Array, " d"]) -> Float[Array, " d"]:
    """The x with factor^T x = rhs, factor lower-triangular, so factor^T is upper-triangular."""
    return solve_lower(factor.T[::-1, ::-1], rhs[::-1])[::-1]


def solve_psd(matrix: Float[Array, "d d"], rhs: Float[Array, " d"]) -> Float[Array, " d"]:
    """The x with matrix x = rhs for a positive semi-definite matrix; directions of zero pivot get zero."""
    factor = psd_factor(matrix)
    return solve_upper(factor, solve_lower(factor, rhs))
