"""Triangular systems and gaps between factors, vectorised over a batch.

All accept singular input and give NaN for NaN.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from collapsebench.maths.cholesky import UNROLLED
from collapsebench.maths.numerics import divide
from collapsebench.maths.samplers.bits import over_lanes
from collapsebench.maths.triangles import gram_schmidt


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
        upper = gram_schmidt(factor, factor.shape[1])
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
