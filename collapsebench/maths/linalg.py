"""Small dense linear algebra vectorised over a batch, where XLA on a CPU would call LAPACK one matrix at a time.

For a dimension up to `UNROLLED` the factorisations are scalar programs that `vmap` turns into operations over the
batch axis; above it they are loops over columns or LAPACK. Those of least squares keep the batch ("lanes") as the last
axis at any dimension. All accept singular input.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from collapsebench.maths.samplers.bits import over_lanes

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
    """Solution x of factor x = rhs, factor lower-triangular. A zero pivot gives a zero (minimum-norm convention)."""
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


def _factorise_lanes(
    gram: Float[Array, "lanes d d"], cross: Float[Array, "lanes d"]
) -> tuple[Float[Array, "lanes d d"], Float[Array, "lanes d"]]:
    """Lower-triangular F with F F^T = gram, and u with F u = cross, for positive semi-definite matrices of any rank.

    Cholesky's algorithm with the lanes last, so that every step is vectorised: LAPACK takes one matrix at a time. A
    pivot that rounding cannot tell from zero makes its column of F, and its place in u, zero.
    """
    dim = gram.shape[1]
    floor = 100 * jnp.finfo(gram.dtype).eps * jnp.trace(gram, axis1=1, axis2=2)
    rest = jnp.concatenate([gram, cross[:, :, None]], axis=2).transpose(1, 2, 0)
    index = jnp.arange(dim + 1)[:, None]

    def step(k: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        rest, done = state
        row = lax.dynamic_index_in_dim(rest, k, 0, keepdims=False)
        pivot = lax.dynamic_index_in_dim(row, k, 0, keepdims=False)
        live = (pivot > floor)[None] & (index >= k)
        row = jnp.where(live, row, 0) / jnp.sqrt(jnp.where(pivot > floor, pivot, 1))[None]
        rest = rest - row[:dim, None] * row[None]
        return rest, lax.dynamic_update_index_in_dim(done, row, k, 0)

    done = lax.fori_loop(0, dim, step, (rest, jnp.zeros_like(rest)))[1]  # row k: column k of F, then u_k
    return done[:, :dim].transpose(2, 1, 0), done[:, dim].T


@over_lanes
def triangularise(
    x: Float[Array, "lanes n d"], y: Float[Array, "lanes n"]
) -> tuple[Float[Array, "lanes d d"], Float[Array, "lanes d"]]:
    """F [d, d] and u [d] with F F^T = x^T x and F u = x^T y for n < d rows, by Householder reflections.

    Cholesky's algorithm without interchanges would lose the last pivots of such a matrix to rounding.
    """
    n, dim = x.shape[1:]
    table = jnp.concatenate([x, y[:, :, None]], axis=2).transpose(1, 2, 0)
    index = jnp.arange(n)[:, None]

    def reflect(k: Array, table: Array) -> Array:
        column = jnp.where(index >= k, lax.dynamic_index_in_dim(table, k, 1, keepdims=False), 0)
        head = lax.dynamic_index_in_dim(column, k, 0, keepdims=False)
        norm = jnp.sqrt((column**2).sum(axis=0))
        normal = jnp.where(index == k, column + jnp.where(head < 0, -norm, norm), column)
        size = (normal**2).sum(axis=0)
        along = (normal[:, None] * table).sum(axis=0) * 2 / jnp.where(size > 0, size, 1)
        return table - normal[:, None] * along

    table = lax.fori_loop(0, n, reflect, table)
    above = index[:, None] <= jnp.arange(dim + 1)[:, None]  # below the diagonal is zero but for rounding
    rows = jnp.where(above, table, 0)
    rows = jnp.pad(rows, ((0, dim - n), (0, 0), (0, 0)))
    return rows[:, :dim].transpose(2, 1, 0), rows[:, dim].T


def _solve_upper_lanes(factor: Float[Array, "lanes d d"], image: Float[Array, "lanes d"]) -> Float[Array, "lanes d"]:
    """The w [lanes, d] with F^T w = u, computed with the lanes last; a zero pivot gives a zero."""
    dim = image.shape[1]
    columns = factor.transpose(1, 2, 0)

    def step(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        rest, solution = state
        k = dim - 1 - i
        row = lax.dynamic_index_in_dim(columns, k, 0, keepdims=False)
        pivot = lax.dynamic_index_in_dim(row, k, 0, keepdims=False)
        value = lax.dynamic_index_in_dim(rest, k, 0, keepdims=False) / jnp.where(pivot != 0, pivot, 1)
        value = jnp.where(pivot != 0, value, 0)
        return rest - row * value[None], lax.dynamic_update_index_in_dim(solution, value, k, 0)

    return lax.fori_loop(0, dim, step, (image.T, jnp.zeros_like(image.T)))[1].T


@over_lanes
def solve_upper_shortest(factor: Float[Array, "lanes d d"], image: Float[Array, "lanes d"]) -> Float[Array, "lanes d"]:
    """The least-norm w [d] with F^T w = u, F lower-triangular of any rank.

    By substitution, or, only where a batch holds an F without full rank, as F y for the y with F^T F y = u.
    """
    direct = _solve_upper_lanes(factor, image)
    singular = (jnp.diagonal(factor, axis1=1, axis2=2) == 0).any(axis=1)

    def within_range() -> Array:
        inner = _solve_upper_lanes(*_factorise_lanes(factor.swapaxes(1, 2) @ factor, image))
        return jnp.where(singular[:, None], jnp.einsum("lij,lj->li", factor, inner), direct)

    return lax.cond(singular.any(), within_range, lambda: direct)


factorise, solve_upper = over_lanes(_factorise_lanes), over_lanes(_solve_upper_lanes)


def solve_psd(matrix: Float[Array, "d d"], rhs: Float[Array, " d"]) -> Float[Array, " d"]:
    """Solution x of matrix x = rhs for a positive semi-definite matrix; directions of zero pivot get zero."""
    factor = psd_factor(matrix)
    return solve_upper(factor, solve_lower(factor, rhs))
