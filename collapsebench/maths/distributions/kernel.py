"""The Gaussian kernel mixture: one normal of common covariance around every centre."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from collapsebench.maths import samplers
from collapsebench.maths.estimators.moments import weighted_moments
from collapsebench.maths.linalg import solve_lower
from collapsebench.maths.numerics import divide, safe_log
from collapsebench.maths.samplers.bits import over_lanes
from collapsebench.maths.streams import part
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec

GRID = {1: 512, 2: 64}
"""Quadrature nodes along each axis, by dimension."""
SUPPORT = 9.0
"""Kernel standard deviations beyond the outermost centre that quadrature covers: exp(-9^2 / 2) is 2.6e-18."""
_BLOCK = 16
"""Centres per pass of the log-sum-exp: its terms stay in registers, and one more exponential is paid for 16."""


@spec
class KernelMixture(Distribution):
    """Kernel density sum_i w_i N(x; centre_i, exp(2 log_bandwidth) F F^T) / sum_i w_i, with F lower-triangular.

    Centres of weight 0 are ignored. log_bandwidth = -inf, or a singular F, gives a singular distribution.
    """

    centres: Float[Array, "n d"]
    w: Float[Array, " n"]
    log_bandwidth: Float[Array, ""]
    factor: Float[Array, "d d"]

    @property
    def dim(self) -> int:
        return self.centres.shape[1]

    @property
    def kernel_tril(self) -> Float[Array, "d d"]:
        """Lower-triangular root [d, d] of the kernel's covariance."""
        return jnp.exp(self.log_bandwidth) * self.factor

    def sample(self, key: Key, n: int) -> Float[Array, "n d"]:
        """n draws [n, d]: a centre drawn by weight plus noise of the kernel."""
        rows = samplers.choose_rows(part(key, 0), self.w, n)
        noise = samplers.normal(part(key, 1), (n, self.dim), self.centres.dtype)
        if self.dim == 1:
            return (self.centres[:, 0][rows] + self.kernel_tril[0, 0] * noise[:, 0])[:, None]
        return self.centres[rows] + noise @ self.kernel_tril.T

    def log_prob(self, x: Float[Array, "m d"]) -> Float[Array, " m"]:
        """Log density, exact in the far tail; for a singular kernel inf at the centres and -inf elsewhere."""
        log_det = self.dim * self.log_bandwidth + safe_log(jnp.diagonal(self.factor)).sum()
        proper = log_det != -jnp.inf
        dtype = self.centres.dtype
        root = jnp.where(proper, self.kernel_tril, jnp.eye(self.dim, dtype=dtype)) * math.sqrt(2)
        origin = self.centres[0]  # whitening rounds less near the data than far from 0
        centres, points = (_whiten(root, rows - origin[None]) for rows in (self.centres, x.astype(dtype)))
        share = safe_log(divide(self.w, self.w.sum()))
        exponents = jnp.where(proper, share, jnp.where(self.w > 0, 0, -jnp.inf))
        top, rest = _log_sum_exp(centres, exponents, points)
        density = top + safe_log(rest) - log_det - 0.5 * self.dim * math.log(2 * math.pi)
        return jnp.where(proper, density, jnp.where(top == 0, jnp.inf, -jnp.inf))

    def moments(self) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
        mean, scatter = weighted_moments(self.centres, self.w)
        return mean, scatter + self.kernel_tril @ self.kernel_tril.T

    def nodes(self) -> Batch:
        """Quadrature nodes on a regular grid around the centres: the trapezoid rule, with weights that sum to 1.

        Error below rounding where the spacing is no wider than the kernel; 512 nodes for d = 1, 64 x 64 for d = 2.
        Raises RequestError in more dimensions.
        """
        if self.dim not in GRID:
            raise RequestError(
                f"model.dim = {self.dim}: a kernel density has quadrature nodes for dim = 1 and 2; use samples"
            )
        # Centres that weigh nothing are left out, so a grid that is made from a grid does not creep outwards.
        seen = (self.w > 1e-20 * self.w.max())[:, None]
        reach = SUPPORT * jnp.sqrt((self.kernel_tril**2).sum(axis=1))
        low = jnp.where(seen, self.centres, jnp.inf).min(axis=0) - reach
        high = jnp.where(seen, self.centres, -jnp.inf).max(axis=0) + reach
        steps = jnp.linspace(0, 1, GRID[self.dim], dtype=self.centres.dtype)
        axes = jnp.meshgrid(*(low[k] + (high[k] - low[k]) * steps for k in range(self.dim)), indexing="ij")
        x = jnp.stack([axis.ravel() for axis in axes], axis=1)
        log_density = self.log_prob(x)
        mass = jnp.exp(log_density - log_density.max())
        return Batch(x, mass / mass.sum())


def _whiten(root: Float[Array, "d d"], x: Float[Array, "n d"]) -> Float[Array, "d n"]:
    """root^-1 x for every row, transposed to [d, n] because the last axis vectorises."""
    return x.T / root[0, 0] if root.shape[0] == 1 else jax.vmap(solve_lower, (None, 1), 1)(root, x.T)


def _pairwise(combine: Any, terms: list[Array]) -> Array:
    while len(terms) > 1:
        terms = [combine(a, b) for a, b in zip(terms[::2], terms[1::2], strict=True)]
    return terms[0]


def _squared_distances(centres: Float[Array, "lanes d block"], points: Float[Array, "lanes d m"]) -> list[Array]:
    """|point - centre|^2 [lanes, m] for each centre of a block, without the cancellation of a matrix product."""
    dim, block = centres.shape[1:]
    if dim <= 4:
        return [_pairwise_sum([(points[:, k] - centres[:, k, j, None]) ** 2 for k in range(dim)]) for j in range(block)]

    def coordinate(k: Array, sums: tuple[Array, ...]) -> tuple[Array, ...]:
        x, c = (lax.dynamic_index_in_dim(a, k, 1, keepdims=False) for a in (points, centres))
        return tuple(total + (x - c[:, j, None]) ** 2 for j, total in enumerate(sums))

    zero = jnp.zeros_like(points[:, 0])
    return list(lax.fori_loop(0, dim, coordinate, (zero,) * block))


def _pairwise_sum(terms: list[Array]) -> Array:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


@over_lanes
def _log_sum_exp(
    centres: Float[Array, "lanes d n"], exponents: Float[Array, "lanes n"], points: Float[Array, "lanes d m"]
) -> tuple[Float[Array, "lanes m"], Float[Array, "lanes m"]]:
    """(top, rest) with exp(top) rest = sum_i exp(exponents_i - |point - centre_i|^2), rest between about 1 and n.

    One pass over blocks of centres with a running maximum, points on the vectorised axis; it ends with the last block
    that holds a row, so the empty end of a growing pool costs nothing.
    """
    n = centres.shape[2]
    spare = -n % _BLOCK
    centres = jnp.pad(centres, [(0, 0), (0, 0), (0, spare)])
    exponents = jnp.pad(exponents, [(0, 0), (0, spare)], constant_values=-np.inf)
    rows = jnp.where(exponents > -jnp.inf, lax.iota(jnp.int32, n + spare) + 1, 0).max()

    def block(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        top, rest = state
        c = lax.dynamic_slice_in_dim(centres, i * _BLOCK, _BLOCK, 2)
        e = lax.dynamic_slice_in_dim(exponents, i * _BLOCK, _BLOCK, 1)
        terms = [e[:, j, None] - square for j, square in enumerate(_squared_distances(c, points))]
        higher = jnp.maximum(top, _pairwise(jnp.maximum, terms))
        fresh = _pairwise(jnp.add, [jnp.exp(term - higher) for term in terms])
        return higher, rest * jnp.exp(top - higher) + fresh

    lowest = jnp.full_like(points[:, 0], jnp.finfo(points.dtype).min)  # finite: -inf - -inf is NaN
    return lax.fori_loop(0, -(-rows // _BLOCK), block, (lowest, jnp.zeros_like(lowest)))
