"""Small dense linear algebra vectorised over a batch, where XLA on a CPU would call LAPACK one matrix at a time.

For a dimension up to `UNROLLED` the factorisations are scalar programs that `vmap` turns into operations over the
batch axis; above it they are loops over columns or LAPACK. Those of rows and of least squares keep the batch ("lanes")
together at any dimension. All accept singular input, judge what is singular by each column's own length, and give NaN
for NaN.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from collapsebench.maths.numerics import divide
from collapsebench.maths.samplers.bits import over_lanes
from collapsebench.maths.sums import BLOCK, LONG, dots, power_near
from collapsebench.specs.pytree import Number

UNROLLED = 4
"""Dimensions up to which a factorisation is written out."""
PANEL, PANELS = 16, 8
"""Rows of a panel of Cholesky's algorithm, at least, and panels, at most: each is compiled by itself."""
TRUSTED = 1e-3
"""Share of a column's square that a pivot of Cholesky's algorithm has to keep: below it rounding shows."""
FEW = 8
"""Rows per column below which orthogonalisation costs no more than a Gram matrix."""


def triangle(
    rows: Float[Array, "n p"], dim: int, scale: Float[Array, " p"] | None = None
) -> tuple[Float[Array, "dim p"], Float[Array, " p"]]:
    """Upper-trapezoidal R, and powers of two s: R diag(s) is the rows in an orthonormal basis of the first `dim` columns.

    So with all columns in the basis diag(s) R^T R diag(s) = rows^T rows; a column that depends on those before it has
    a row of zeros. By orthogonalisation of the columns (modified Gram-Schmidt), which loses only what is below the
    rounding of a column's own length, and of what it has along directions that are rounded themselves; or, where rows
    are many and no column nearly depends on others, by the Gram matrix and Cholesky's algorithm. scale: s, where it
    is known. Source: Bjoerck (1967), least squares by Gram-Schmidt.
    """
    scale = power_near(jnp.abs(rows[:: max(1, rows.shape[0] // 2)]).max(axis=0)) if scale is None else scale
    rows = rows * (1 / scale)[None]
    if dim <= UNROLLED:
        return _orthogonalise([rows[:, j] for j in range(rows.shape[1])], dim), scale
    return _over_lanes(dim)(rows), scale


def rows_factor(rows: Float[Array, "n d"]) -> Float[Array, "d d"]:
    """Lower-triangular F with F F^T = rows^T rows, by `triangle`."""
    upper, scale = triangle(rows, rows.shape[1])
    return scale[:, None] * upper.T


def independent(n: Number, capacity: int, dim: int) -> bool:
    """Whether `capacity` standard normal rows, n of which count, are all there for certain, and many for each of `dim`.

    Then no column nearly depends on others, nor has a mean far from 0, and a Gram matrix holds all that they tell.
    """
    return isinstance(n, int) and n == capacity >= FEW * dim and dim > UNROLLED


@over_lanes
def labelled_triangle(inputs: Float[Array, "lanes p n"], last: Float[Array, "lanes n"]) -> Float[Array, "lanes p p1"]:
    """R of `independent` rows with one more column, `last`, in the basis of the first ones. Rows lie along the last axis."""
    p = inputs.shape[1]
    return _cholesky(_products(jnp.concatenate([inputs, last[:, None]], axis=1)), p)[0]


@over_lanes
def centred_triangle(columns: Float[Array, "lanes p n"]) -> tuple[Float[Array, "lanes p"], Float[Array, "lanes p p"]]:
    """Mean of `independent` rows, and R of the rows less their mean. Rows lie along the last axis."""
    lanes, p, n = columns.shape
    gram = _products(jnp.concatenate([jnp.ones((lanes, 1, n), columns.dtype), columns], axis=1))
    mean = gram[:, 0, 1:] / n
    return mean, _cholesky(gram[:, 1:, 1:] - n * mean[:, :, None] * mean[:, None], p)[0]


def _products(columns: Float[Array, "lanes p n"]) -> Float[Array, "lanes p p"]:
    """Products of all columns with all, of long ones in blocks of rows."""
    lanes, p, n = columns.shape
    if n <= LONG:
        return jnp.einsum("lpn,lqn->lpq", columns, columns, precision="highest")
    blocks = jnp.pad(columns, ((0, 0), (0, 0), (0, -n % BLOCK))).reshape(lanes, p, -1, BLOCK)
    products = jnp.einsum("lpbn,lqbn->lbpq", blocks, blocks, precision="highest")
    return lax.optimization_barrier(products).sum(axis=1)


def _rounding(dtype: Any, dim: int) -> float:
    """Square, as a share of a column's own, below which what is left of it after projections is rounding."""
    return float(max(8, dim) * float(jnp.finfo(dtype).eps)) ** 2


def _orthogonalise(rest: list[Float[Array, " n"]], dim: int) -> Float[Array, "dim p"]:
    least = _rounding(rest[0].dtype, dim)
    zero = jnp.zeros((), rest[0].dtype)
    upper: list[list[Array]] = []
    doubt: list[Array] = []  # squared error of each direction, as a share of what the column had along it
    for j in range(dim):
        first, *rest = rest
        pivot = dots(first, first)
        error = least * (pivot + sum((row[j] ** 2 for row in upper), zero))
        error = error + sum((row[j] ** 2 * share for row, share in zip(upper, doubt, strict=True)), zero)
        none = pivot <= error
        doubt.append(jnp.where(none, 0, error / jnp.where(none, 1, pivot)))
        inverse = jnp.where(none, 0, lax.rsqrt(jnp.where(none, 1, pivot)))
        along = [dots(first, other) * inverse for other in rest]
        rest = [other - (length * inverse) * first for length, other in zip(along, rest, strict=True)]
        upper.append([zero] * j + [pivot * inverse, *along])
    return jnp.stack([jnp.stack(row) for row in upper])


@functools.cache
def _over_lanes(dim: int) -> Callable[..., Array]:
    def many(rows: Float[Array, "lanes n p"]) -> Float[Array, "lanes dim p"]:
        if rows.shape[1] < FEW * dim:
            return _gram_schmidt(rows, dim)
        upper, kept = _cholesky(_gram(rows), dim)
        weak = kept < TRUSTED
        return lax.cond(
            weak.any(), lambda: jnp.where(weak[:, None, None], _gram_schmidt(rows, dim), upper), lambda: upper
        )

    return over_lanes(many)


def _gram(rows: Float[Array, "lanes n p"]) -> Float[Array, "lanes p p"]:
    """Gram matrices, long ones in blocks of rows."""
    rows, blocks = _in_blocks(rows, BLOCK if rows.shape[1] > LONG else rows.shape[1])
    products = jnp.einsum("lnp,lnq->lpq", rows, rows, precision="highest")
    if blocks == 1:
        return products
    return lax.optimization_barrier(products).reshape(-1, blocks, *products.shape[1:]).sum(axis=1)


def _in_blocks(rows: Float[Array, "lanes n p"], size: int) -> tuple[Float[Array, "lanesblocks size p"], int]:
    lanes, n, p = rows.shape
    blocks = -(-n // size)
    if blocks == 1:
        return rows, 1
    return jnp.pad(rows, ((0, 0), (0, blocks * size - n), (0, 0))).reshape(lanes * blocks, size, p), blocks


def _gram_schmidt(rows: Float[Array, "lanes n p"], dim: int) -> Float[Array, "lanes dim p"]:
    """R of modified Gram-Schmidt, of long tables block by block and then of the blocks' own R."""
    size = max(BLOCK, 2 * dim)
    if rows.shape[1] > 2 * size:
        parts, blocks = _in_blocks(rows, size)
        return _gram_schmidt(_gram_schmidt(parts, dim).reshape(-1, blocks * dim, rows.shape[2]), dim)
    columns = rows.swapaxes(1, 2)
    least = _rounding(rows.dtype, dim) * (columns**2).sum(axis=2)
    index = jnp.arange(rows.shape[2])[None]

    def step(j: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        rest, upper, error = state
        column = lax.dynamic_index_in_dim(rest, j, 1, keepdims=False)
        pivot = dots(column, column)
        own = lax.dynamic_index_in_dim(error, j, 1, keepdims=False)
        none = pivot <= own
        inverse = jnp.where(none, 0, lax.rsqrt(jnp.where(none, 1, pivot)))[:, None]
        along = jnp.where(index > j, jnp.einsum("lpn,ln->lp", rest, column, precision="highest") * inverse, 0)
        rest = rest - (along * inverse)[:, :, None] * column[:, None]
        row = jnp.where(index == j, pivot[:, None] * inverse, along)
        error = error + along**2 * jnp.where(none, 0, own / jnp.where(none, 1, pivot))[:, None]
        return rest, lax.dynamic_update_index_in_dim(upper, row, j, 1), error

    blank = jnp.zeros((rows.shape[0], dim, rows.shape[2]), rows.dtype)
    return lax.fori_loop(0, dim, step, (columns, blank, least))[1]


def _cholesky(gram: Float[Array, "lanes p p"], dim: int) -> tuple[Float[Array, "lanes dim p"], Float[Array, " lanes"]]:
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


_factor_lanes = over_lanes(lambda matrix: _cholesky(matrix, matrix.shape[1])[0].swapaxes(1, 2))


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
        upper = _gram_schmidt(factor, factor.shape[1])
        half = _solve_upper_lanes(upper[:, ::-1, ::-1], image[:, ::-1])[:, ::-1]  # R^T half = u, from the first on
        inner = _solve_upper_lanes(upper.swapaxes(1, 2), half)
        return jnp.where(singular[:, None], jnp.einsum("lij,lj->li", factor, inner, precision="highest"), direct)

    return lax.cond(singular.any(), within_range, lambda: direct)


solve_upper = over_lanes(_solve_upper_lanes)


def solve_factor(factor: Float[Array, "d d"], rhs: Float[Array, " d"]) -> Float[Array, " d"]:
    """Solution x of F F^T x = rhs for a lower-triangular F; directions of zero pivot get zero."""
    return solve_upper(factor, solve_lower(factor, rhs))


def root_gap(one: Float[Array, "d m"], two: Float[Array, "d d"]) -> Float[Array, ""]:
    """tr A + tr B - 2 tr (A^1/2 B A^1/2)^1/2 for A = one one^T, B = two two^T, m <= d; never negative, and 0 for A = B.

    Computed as |one Q^T - two|^2 with Q nearest to two^T one among matrices of orthonormal columns: where A has no full
    rank, the roots of rounding errors would add up. Source: Bhatia, Jain and Lim (2019), On the Bures-Wasserstein distance.
    """
    product = jnp.matmul(two.T, one, precision="highest")
    if product.shape == (2, 2):
        nearest = _nearest_orthogonal(product)
    else:
        left, _, right = jnp.linalg.svd(product, full_matrices=False)
        nearest = jnp.matmul(left, right, precision="highest")
    return ((jnp.matmul(one, nearest.T, precision="highest") - two) ** 2).sum()


def _nearest_orthogonal(matrix: Float[Array, "2 2"]) -> Float[Array, "2 2"]:
    """The rotation or the reflection nearest to a matrix, in closed form: LAPACK would take one matrix at a time."""
    (a, b), (c, d) = matrix
    turned, mirrored = jnp.hypot(a + d, c - b), jnp.hypot(a - d, b + c)
    turn = turned >= mirrored
    size = jnp.where(turn, turned, mirrored)
    cos, sin = jnp.where(turn, a + d, a - d), jnp.where(turn, c - b, b + c)
    cos, sin = jnp.where(size == 0, 1, cos / jnp.where(size == 0, 1, size)), divide(sin, size)
    return jnp.stack([jnp.stack([cos, jnp.where(turn, -sin, sin)]), jnp.stack([sin, jnp.where(turn, cos, -cos)])])
