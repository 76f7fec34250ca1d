"""Mixtures of normals: density, draws, moments, squared L2 distance in closed form, quadrature nodes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench.maths import samplers
from collapsebench.maths.cholesky import UNROLLED, psd_factor
from collapsebench.maths.distributions.normal import Normal
from collapsebench.maths.linalg import solve_lower
from collapsebench.maths.numerics import safe_log
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Number, spec

NODES = {1: 96, 2: 32, 3: 14}
"""Quadrature nodes per axis and component, by dimension: up to about 1000 (2000 in three dimensions) a component."""


@spec
class Mixture(Distribution):
    """Mixture sum_k exp(log_weights_k) N(mean_k, S_k), S_k = exp(2 log_scale_k) factor_k factor_k^T as in Normal."""

    log_weights: Float[Array, " k"]
    mean: Float[Array, "k d"]
    log_scale: Float[Array, " k"]
    factor: Float[Array, "k d d"]

    @classmethod
    def spherical(cls, mean: Any, sd: Number, weights: Any = None) -> Self:
        """Mixture of N(mean_k, sd_k^2 I): mean [k, d], sd a number or [k], weights [k] (by default equal)."""
        mean = jnp.asarray(mean, jnp.result_type(float))
        count, dim = mean.shape
        weights = jnp.ones(count, mean.dtype) if weights is None else jnp.asarray(weights, mean.dtype)
        log_scale = jnp.broadcast_to(safe_log(jnp.asarray(sd, mean.dtype)), (count,))
        factor = jnp.broadcast_to(jnp.eye(dim, dtype=mean.dtype), (count, dim, dim))
        return cls(safe_log(weights / weights.sum()), mean, log_scale, factor)

    @classmethod
    def from_factors(cls, log_weights: Array, mean: Array, factor: Array, log_unit: Number = 0.0) -> Mixture:
        """Mixture with covariances exp(2 log_unit) factor factor^T, for factor [k, d, d] of any scale."""
        size = (factor**2).sum(axis=(1, 2)) / mean.shape[1]
        unit = jnp.eye(mean.shape[1], dtype=mean.dtype)
        root = jnp.sqrt(jnp.where(size > 0, size, 1))[:, None, None]
        shape = jnp.where((size > 0)[:, None, None], factor / root, unit)
        return cls(log_weights, mean, log_unit + 0.5 * safe_log(size), shape)

    @property
    def dim(self) -> int:
        return self.mean.shape[-1]

    @property
    def components(self) -> int:
        return self.log_weights.shape[-1]

    @property
    def weights(self) -> Float[Array, " k"]:
        """Weights of the components [k]."""
        return jnp.exp(self.log_weights)

    @property
    def scale_tril(self) -> Float[Array, "k d d"]:
        """Roots of the components' covariances [k, d, d]."""
        return jnp.exp(self.log_scale)[..., None, None] * self.factor

    def component_normals(self) -> Normal:
        """The components as one Normal whose leaves have leading axis k, for `vmap`."""
        return jax.vmap(Normal)(self.mean, self.log_scale, self.factor)

    def sample(self, key: Key, n: int) -> Float[Array, "n d"]:
        label_key, normal_key = jax.random.split(key)
        label = samplers.categorical_rows(label_key, self.weights, n)
        z = samplers.normal(normal_key, (self.dim, n), self.mean.dtype)
        # Fused with the selections below, the random bits would be made again for each of them: ten times the cost.
        label, z = jax.lax.optimization_barrier((label, z))
        pick = functools.partial(_pick, label)
        axes = range(self.dim)
        x = [pick(self.mean[:, i]) + sum(pick(self.scale_tril[:, i, j]) * z[j] for j in range(i + 1)) for i in axes]
        return jnp.stack(x, axis=1)

    def component_log_prob(self, x: Float[Array, "n d"]) -> Float[Array, "k n"]:
        """Log density of each row under each component; inf at the mean of a singular one, -inf elsewhere."""
        inverse = (
            invert_lower(self.factor)
            * jnp.exp(-jnp.where(jnp.isfinite(self.log_scale), self.log_scale, 0))[:, None, None]
        )
        log_det = self.dim * self.log_scale + safe_log(diagonals(self.factor)).sum(axis=1)
        squares = squared_distances(residuals(x.T, self.mean), inverse)
        density = -0.5 * squares - (log_det + 0.5 * self.dim * math.log(2 * math.pi))[:, None]
        at_mean = (x[None] == self.mean[:, None]).all(axis=-1)
        return jnp.where((log_det == -jnp.inf)[:, None], jnp.where(at_mean, jnp.inf, -jnp.inf), density)

    def log_prob(self, x: Float[Array, "n d"]) -> Float[Array, " n"]:
        # A component of weight 0 is nowhere, not even where it is singular: -inf + inf would be NaN.
        joint = self.log_weights[:, None] + self.component_log_prob(x)
        return jax.nn.logsumexp(jnp.where((self.log_weights == -jnp.inf)[:, None], -jnp.inf, joint), axis=0)

    def _centre(self) -> tuple[Array, Array]:
        """Mean of the mixture, and offsets of the components' means from it; exactly 0 for equal components."""
        anchor = self.mean[jnp.argmax(self.log_weights)]
        shift = self.weights @ (self.mean - anchor[None])
        return anchor + shift, (self.mean - anchor[None]) - shift[None]

    def moments(self) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
        mean, offset = self._centre()
        weights = self.weights
        within = jnp.einsum("k,kij,klj->il", weights, self.scale_tril, self.scale_tril)
        return mean, within + (offset * weights[:, None]).T @ offset

    @property
    def log_variance(self) -> Float[Array, ""]:
        """Log trace of the covariance; -inf for a point mass."""
        within = jax.nn.logsumexp(self.log_weights + 2 * self.log_scale) + math.log(self.dim)
        between = safe_log(self.weights @ (self._centre()[1] ** 2).sum(axis=1))
        return jnp.logaddexp(within, between)

    def _inner(self, other: Mixture) -> Array:
        """Integral of the product of two densities: sum_ij w_i v_j N(mean_i - mean_j; 0, S_i + S_j)."""
        pair = jax.vmap(jax.vmap(_log_overlap, (None, 0)), (0, None))
        logs = pair(self.component_normals(), other.component_normals())
        weights = self.log_weights[:, None] + other.log_weights[None, :]
        return jnp.where(weights == -jnp.inf, 0, jnp.exp(weights + logs)).sum()

    def l2_squared(self, other: Mixture | Normal) -> Float[Array, ""]:
        """Integral of (p - q)^2; inf if either has a singular component.

        Closed form by the product of two normals: <p, p> - 2 <p, q> + <q, q>. In float32 it resolves down to about
        1e-7 <p, p>. Source: the distance of the Gaussian-mixture figure of Shumailov et al. (2024).
        """
        other = as_mixture(other)
        own, others = self._inner(self), other._inner(other)
        value = jnp.maximum(own - 2 * self._inner(other) + others, 0)
        return jnp.where((own == jnp.inf) | (others == jnp.inf), jnp.inf, value)

    def nodes(self) -> Batch:
        """Quadrature nodes: the trapezoid rule on each component's axes, with exact second moments; weights sum to 1.

        An integrand such as a responsibility has poles near the real axis, where the trapezoid rule on a truncated
        range converges faster than Gauss-Hermite of equal size: Trefethen (2022), Exactness of quadrature formulas.
        Raises RequestError above three dimensions.
        """
        if self.dim not in NODES:
            raise RequestError(f"dim = {self.dim}: quadrature nodes of a mixture reach 3 dimensions; use samples")
        z, weight = normal_rule(NODES[self.dim], self.dim)
        x = self.mean[:, None, :] + jnp.einsum("kij,nj->kni", self.scale_tril, jnp.asarray(z, self.mean.dtype))
        w = self.weights[:, None] * jnp.asarray(weight, self.mean.dtype)[None]
        return Batch(x.reshape(-1, self.dim), w.reshape(-1) / w.sum())


def common_nodes(one: Mixture, two: Mixture) -> Batch:
    """Quadrature nodes of `one` on the line that also see every component of `two`, however narrow; weights sum to 1.

    Gauss-Legendre between neighbours among the points mean +- k sd, k = 0 .. 9, of all components of both.
    """
    steps = jnp.arange(-9, 10, dtype=one.mean.dtype)
    edges = jnp.sort(
        jnp.concatenate([(m.mean[:, 0, None] + m.scale_tril[:, 0, :1] * steps[None]).ravel() for m in (one, two)])
    )
    node, weight = (jnp.asarray(a, edges.dtype) for a in np.polynomial.legendre.leggauss(8))
    half = 0.5 * jnp.diff(edges)
    x = ((edges[:-1] + half)[:, None] + half[:, None] * node[None]).reshape(-1, 1)
    w = (half[:, None] * weight[None]).ravel()
    mass = jnp.where(w > 0, w * jnp.exp(one.log_prob(x)), 0)
    return Batch(x, mass / mass.sum())


def as_mixture(distribution: Distribution) -> Mixture:
    """A Normal as a mixture of one component; a Mixture unchanged. Raises TypeError for any other type."""
    if isinstance(distribution, Mixture):
        return distribution
    if isinstance(distribution, Normal):
        one = jax.tree.map(lambda leaf: leaf[None], distribution)
        return Mixture(jnp.zeros_like(one.log_scale), one.mean, one.log_scale, one.factor)
    raise TypeError(f"{type(distribution).__name__}: not a mixture of normals")


def normal_rule(count: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes [count^dim, dim] and weights of a standard normal, with mean exactly 0 and covariance exactly I."""
    z = np.linspace(-1, 1, count) * (2 * math.pi * count) ** 0.5 * 0.5
    weight = np.exp(-0.5 * z**2)
    weight /= weight.sum()
    z /= np.sqrt(weight @ z**2)
    grid = np.stack(np.meshgrid(*[z] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    return grid, functools.reduce(np.multiply.outer, [weight] * dim).reshape(-1)


def _pick(label: Array, table: Array) -> Array:
    """table[label], by selection where the table is short: a gather does not vectorise on a CPU."""
    if table.shape[0] > 32:
        return table[label]
    value = jnp.broadcast_to(table[0], label.shape)
    for k in range(1, table.shape[0]):
        value = jnp.where(label == k, table[k], value)
    return value


def _log_overlap(a: Normal, b: Normal) -> Array:
    """log N(a.mean - b.mean; 0, Sa + Sb); for a singular sum inf where the means agree, -inf elsewhere."""
    top = jnp.maximum(a.log_scale, b.log_scale)
    top = jnp.where(top == -jnp.inf, 0, top)
    one, two = (jnp.exp(side.log_scale - top) * side.factor for side in (a, b))
    factor = psd_factor(one @ one.T + two @ two.T)
    gap = a.mean - b.mean
    white = solve_lower(factor, jnp.where(gap == 0, 0, gap * jnp.exp(-top)))  # no 0 * inf
    log_det = a.dim * (top + 0.5 * math.log(2 * math.pi)) + safe_log(jnp.diagonal(factor)).sum()
    singular = jnp.where((gap == 0).all(), jnp.inf, -jnp.inf)
    return jnp.where(log_det == -jnp.inf, singular, -0.5 * (white**2).sum() - log_det)


def diagonals(matrices: Float[Array, "k d d"]) -> Float[Array, "k d"]:
    """Diagonals [k, d] of the matrices."""
    return jnp.diagonal(matrices, axis1=-2, axis2=-1)


def invert_lower(factor: Float[Array, "k d d"]) -> Float[Array, "k d d"]:
    """Inverses of lower-triangular matrices; a zero pivot gives a row of zeros."""
    unit = jnp.eye(factor.shape[-1], dtype=factor.dtype)
    return jax.vmap(jax.vmap(solve_lower, (None, 1), 1), (0, None))(factor, unit)


def residuals(x: Float[Array, "d n"], mean: Float[Array, "k d"]) -> list[Float[Array, "k n"]]:
    """x - mean_k as one table [k, n] per coordinate: rows are the last axis, the only one that vectorises."""
    return [x[i][None, :] - mean[:, i][:, None] for i in range(x.shape[0])]


def squared_distances(
    residual: list[Float[Array, "k n"]], inverse: Float[Array, "k d d"], diagonal: bool = False
) -> Float[Array, "k n"]:
    """Squared distances |inverse_k (x - mean_k)|^2 for lower-triangular (or diagonal) inverse factors."""
    if len(residual) > UNROLLED and not diagonal:
        white = jnp.einsum("kij,jkn->ikn", inverse, jnp.stack(residual))
        return (white**2).sum(axis=0)
    total = jnp.zeros_like(residual[0])
    for i in range(len(residual)):
        first = i if diagonal else 0
        white = sum((inverse[:, i, j][:, None] * residual[j] for j in range(first, i + 1)), jnp.zeros_like(total))
        total = total + white * white
    return total


def over_components(operation: Callable[[Array, Array], Array], table: Float[Array, "k n"]) -> Float[Array, " n"]:
    """Reduction of a table [k, n] over its leading axis, unrolled because XLA's own reduction is slower."""
    return functools.reduce(operation, [table[k] for k in range(table.shape[0])])
