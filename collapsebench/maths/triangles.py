"""Triangular factors of rows: what their sums of squares and products are the square of.

For a dimension up to `UNROLLED` they are scalar programs that `vmap` turns into operations over the batch axis; above it
loops over columns that keep the batch ("lanes") together. All accept singular rows, judge what is singular by each
column's own length, and give NaN for NaN.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from collapsebench.maths.cholesky import UNROLLED, cholesky
from collapsebench.maths.samplers.bits import over_lanes
from collapsebench.maths.sums import BLOCK, LONG, dots, power_near
from collapsebench.specs.pytree import Number

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
    return cholesky(_products(jnp.concatenate([inputs, last[:, None]], axis=1)), p)[0]


@over_lanes
def centred_triangle(columns: Float[Array, "lanes p n"]) -> tuple[Float[Array, "lanes p"], Float[Array, "lanes p p"]]:
    """Mean of `independent` rows, and R of the rows less their mean. Rows lie along the last axis."""
    lanes, p, n = columns.shape
    gram = _products(jnp.concatenate([jnp.ones((lanes, 1, n), columns.dtype), columns], axis=1))
    mean = gram[:, 0, 1:] / n
    return mean, cholesky(gram[:, 1:, 1:] - n * mean[:, :, None] * mean[:, None], p)[0]


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
            return gram_schmidt(rows, dim)
        upper, kept = cholesky(_gram(rows), dim)
        weak = kept < TRUSTED
        return lax.cond(
            weak.any(), lambda: jnp.where(weak[:, None, None], gram_schmidt(rows, dim), upper), lambda: upper
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


def gram_schmidt(rows: Float[Array, "lanes n p"], dim: int) -> Float[Array, "lanes dim p"]:
    """R of modified Gram-Schmidt, of long tables block by block and then of the blocks' own R."""
    size = max(BLOCK, 2 * dim)
    if rows.shape[1] > 2 * size:
        parts, blocks = _in_blocks(rows, size)
        return gram_schmidt(gram_schmidt(parts, dim).reshape(-1, blocks * dim, rows.shape[2]), dim)
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
