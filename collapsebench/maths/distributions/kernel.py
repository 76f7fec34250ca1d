"""The Gaussian kernel mixture: one normal of common covariance around every centre."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths import samplers
from collapsebench.maths.estimators.moments import weighted_moments
from collapsebench.maths.kernel_sums import log_sums
from collapsebench.maths.linalg import solve_lower
from collapsebench.maths.numerics import divide, safe_log
from collapsebench.maths.streams import part
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec

GRID = {1: 512, 2: 64}
"""Quadrature nodes along each axis, by dimension."""
SUPPORT = 9.0
"""Kernel standard deviations beyond the outermost centre that quadrature covers: exp(-9^2 / 2) is 2.6e-18."""


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
        proper, log_det, root = self._root()
        origin = self.centres[0]  # whitening rounds less near the data than far from 0
        centres, points = (_whiten(root, rows - origin[None]) for rows in (self.centres, x.astype(root.dtype)))
        share = divide(self.w, self.w.sum())
        exponents = jnp.where(proper, safe_log(share), jnp.where(self.w > 0, 0, -jnp.inf))
        top, rest = log_sums(centres, jnp.where(proper, share, 0), exponents, points)
        density = top + safe_log(rest) - log_det - 0.5 * self.dim * math.log(2 * math.pi)
        return jnp.where(proper, density, jnp.where(top == 0, jnp.inf, -jnp.inf))

    def _root(self) -> tuple[Array, Array, Float[Array, "d d"]]:
        """Whether the kernel has a density, half its covariance's log determinant, and what whitens to exp(-|x|^2)."""
        log_det = self.dim * self.log_bandwidth + safe_log(jnp.diagonal(self.factor)).sum()
        proper = log_det != -jnp.inf
        return (
            proper,
            log_det,
            jnp.where(proper, self.kernel_tril, jnp.eye(self.dim, dtype=self.w.dtype)) * math.sqrt(2),
        )

    def moments(self) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
        mean, scatter = weighted_moments(self.centres, self.w)
        return mean, scatter + self.kernel_tril @ self.kernel_tril.T

    def nodes(self) -> Batch:
        """Quadrature nodes on a grid around the centres, regular along the kernel's axes: the trapezoid rule, weights of sum 1.

        Error below rounding where the spacing is no wider than the kernel; 512 nodes for d = 1, 64 x 64 for d = 2. NaN
        weights for a singular distribution. Raises RequestError in more dimensions.
        """
        if self.dim not in GRID:
            raise RequestError(
                f"model.dim = {self.dim}: a kernel density has quadrature nodes for dim = 1 and 2; use samples"
            )
        proper, _, root = self._root()
        origin = self.centres[0]
        centres = _whiten(root, self.centres - origin[None])
        # Centres that weigh nothing are left out, so a grid that is made from a grid does not creep outwards.
        seen, reach = (self.w > 1e-20 * self.w.max())[None], SUPPORT / math.sqrt(2)
        low = jnp.where(seen, centres, jnp.inf).min(axis=1) - reach
        high = jnp.where(seen, centres, -jnp.inf).max(axis=1) + reach
        axes = jnp.linspace(low, high, GRID[self.dim], axis=1)
        # The kernel is a product over the axes, so that the sum over centres is one of matrices: exponentials grow with
        # the side of the grid and not with its nodes. What underflows is 1e-38 of the mass.
        sides = jnp.exp(-((axes[:, :, None] - centres[:, None]) ** 2))
        first = sides[0] * divide(self.w, self.w.sum())[None]
        mass = first.sum(axis=1) if self.dim == 1 else jnp.matmul(first, sides[1].T, precision="highest").ravel()
        x = jnp.stack([axis.ravel() for axis in jnp.meshgrid(*axes, indexing="ij")], axis=1)
        x = origin[None] + jnp.matmul(x, root.T, precision="highest")
        return Batch(x, jnp.where(proper, mass / mass.sum(), jnp.nan))


def _whiten(root: Float[Array, "d d"], x: Float[Array, "n d"]) -> Float[Array, "d n"]:
    """root^-1 x for every row, transposed to [d, n] because the last axis vectorises."""
    return x.T / root[0, 0] if root.shape[0] == 1 else jax.vmap(solve_lower, (None, 1), 1)(root, x.T)
