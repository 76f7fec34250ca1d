"""The multivariate normal and its sufficient statistics, with the scale of both kept as a logarithm."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from collapsebench.maths import samplers
from collapsebench.maths.linalg import psd_factor, solve_lower
from collapsebench.maths.numerics import divide, safe_log
from collapsebench.maths.streams import part
from collapsebench.parts.data import POPULATION, Batch, Summary
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Number, spec


@spec
class Moments(Summary):
    """Weight, mean and centred scatter of weighted samples; scatter = exp(2 log_scale) shape, trace shape = d.

    Additions use the centred update of Chan, Golub and LeVeque (1983), so no spread is lost to cancellation, and
    the scale is a logarithm, so a sample-free path can follow a collapse far below the smallest float.
    """

    w: Float[Array, ""]
    mean: Float[Array, " d"]
    log_scale: Float[Array, ""]
    shape: Float[Array, "d d"]

    @property
    def weight(self) -> Float[Array, ""]:
        """Total weight, as a number of rows."""
        return self.w

    @classmethod
    def of(cls, data: PyTree) -> Moments:
        """Statistics of weighted rows x [capacity, d]."""
        if isinstance(data, Moments):
            return data
        x, w = data.x, data.w
        total = w.sum()
        if x.shape[1] == 1:  # plain sums: a dot product with one column does not vectorise
            mean = divide((w * x[:, 0]).sum(), total)[None]
            centred = x[:, 0] - mean
            scatter = (w * centred * centred).sum()[None, None]
        else:
            mean = divide(w @ x, total)
            centred = x - mean
            scatter = (centred * w[:, None]).T @ centred
        return _moments(total, mean, jnp.zeros((), x.dtype), scatter)

    @classmethod
    def draw(cls, key: Key, distribution: Normal, n: Number) -> Moments:
        """Statistics of n draws from `distribution`, drawn directly from their sampling law.

        Law: mean ~ N(mu, S / n); scatter ~ Wishart(n - 1, S) by Bartlett's decomposition, independent of it.
        Source: Anderson (2003), An Introduction to Multivariate Statistical Analysis, theorems 3.3.2 and 7.2.1.
        """
        dtype, dim = distribution.mean.dtype, distribution.mean.shape[0]
        n = jnp.asarray(n, dtype)
        # A chi-square may share the key of a normal, whose bits it never uses; a Wishart factor has normals of its own.
        z = samplers.normal(key if dim == 1 else part(key, 0), (dim,), dtype)
        step = distribution.factor[0] * z if dim == 1 else distribution.factor @ z
        mean = distribution.mean + jnp.exp(distribution.log_scale) * step * jax.lax.rsqrt(jnp.maximum(n, 1))
        if dim == 1:
            scatter = jnp.where(n > 1, samplers.chi_square(key, jnp.maximum(n - 1, 1)), 0)
            log_scale = distribution.log_scale + 0.5 * safe_log(scatter.astype(dtype))
            return cls(n, mean, log_scale, distribution.factor * distribution.factor)
        root = distribution.factor @ samplers.wishart_factor(key, n - 1, dim).astype(dtype)
        return _moments(n, mean, distribution.log_scale, root @ root.T)

    @classmethod
    def expect(cls, distribution: Normal, n: Number) -> Moments:
        """Statistics of an infinite sample with a weight of n rows among infinite samples."""
        w = jnp.asarray(n, distribution.mean.dtype) * POPULATION
        shape = distribution.factor @ distribution.factor.T
        return cls(w, distribution.mean, distribution.log_scale + 0.5 * jnp.log(w), shape)

    def scale(self, factor: Number) -> Moments:
        """The same statistics with every weight times `factor`."""
        w = self.w * factor
        return Moments(w, self.mean, self.log_scale + 0.5 * safe_log(jnp.asarray(factor, w.dtype)), self.shape)

    def concat(self, other: Self) -> Moments:
        """Statistics of both samples together."""
        w = self.w + other.w
        share = divide(other.w, w)
        gap = other.mean - self.mean
        # The spread between the means joins as a third scatter: w1 w2 / (w1 + w2) gap gap^T.
        between = 0.5 * safe_log(self.w * share)
        top = jnp.maximum(jnp.maximum(self.log_scale, other.log_scale), between)
        top = jnp.where(jnp.isfinite(top), top, 0)
        scatter = (
            jnp.exp(2 * (self.log_scale - top)) * self.shape
            + jnp.exp(2 * (other.log_scale - top)) * other.shape
            + jnp.exp(2 * (between - top)) * gap[:, None] * gap[None, :]
        )
        return _moments(w, self.mean + share * gap, top, scatter)


def _moments(w: Array, mean: Array, log_scale: Array, scatter: Array) -> Moments:
    """Moments with exp(2 log_scale) scatter normalised to trace d; a scatter of 0 has log_scale -inf."""
    dim = mean.shape[0]
    size = jnp.trace(scatter) / dim
    shape = jnp.where(size > 0, scatter / jnp.where(size > 0, size, 1), jnp.eye(dim, dtype=mean.dtype))
    return Moments(w, mean, log_scale + 0.5 * safe_log(size), shape)


@spec
class Normal(Distribution):
    """Normal N(mean, S) in d dimensions with S = exp(2 log_scale) factor factor^T, trace factor factor^T = d."""

    mean: Float[Array, " d"]
    log_scale: Float[Array, ""]
    factor: Float[Array, "d d"]

    summary: ClassVar[type] = Moments

    @classmethod
    def standard(cls, dim: int) -> Normal:
        """The standard normal N(0, I) in `dim` dimensions."""
        dtype = jnp.result_type(float)
        return cls(jnp.zeros(dim, dtype), jnp.zeros((), dtype), jnp.eye(dim, dtype=dtype))

    @classmethod
    def from_moments(cls, mean: Any, covariance: Any) -> Normal:
        """Normal with mean [d] and positive semi-definite covariance [d, d]."""
        mean, covariance = jnp.atleast_1d(jnp.asarray(mean)), jnp.atleast_2d(jnp.asarray(covariance))
        size = jnp.trace(covariance) / mean.shape[0]
        shape = jnp.where(size > 0, covariance / jnp.where(size > 0, size, 1), jnp.eye(mean.shape[0]))
        return cls(mean, 0.5 * safe_log(size), psd_factor(shape))

    @classmethod
    def fit(cls, moments: Moments, ddof: Any = 0.0) -> Normal:
        """Normal with covariance scatter / (weight - ddof) of the statistics; a point mass if weight <= ddof."""
        rows = moments.w - ddof
        log_scale = moments.log_scale - 0.5 * jnp.log(jnp.where(rows > 0, rows, 1))
        return cls(moments.mean, jnp.where(rows > 0, log_scale, -jnp.inf), psd_factor(moments.shape))

    @property
    def dim(self) -> int:
        return self.mean.shape[-1]

    @property
    def log_variance(self) -> Float[Array, ""]:
        """Log trace of the covariance; -inf for a point mass."""
        return 2 * self.log_scale + jnp.log(jnp.asarray(self.dim, self.mean.dtype))

    @property
    def scale_tril(self) -> Float[Array, "d d"]:
        """Root of the covariance [d, d]."""
        return jnp.exp(self.log_scale) * self.factor

    def widen(self, factor: Number) -> Normal:
        """The same normal with its covariance times `factor`."""
        return Normal(self.mean, self.log_scale + 0.5 * safe_log(jnp.asarray(factor)), self.factor)

    def sample(self, key: Key, n: int) -> Float[Array, "n d"]:
        z = samplers.normal(key, (n, self.dim), self.mean.dtype)
        return self.mean[None] + (z * self.scale_tril[0, 0] if self.dim == 1 else z @ self.scale_tril.T)

    def log_prob(self, x: Float[Array, "n d"]) -> Float[Array, " n"]:
        """Log density; for a point mass -inf everywhere but at the mean."""
        centred = jnp.where(x == self.mean[None], 0, (x - self.mean[None]) * jnp.exp(-self.log_scale))  # no 0 * inf
        white = jax.vmap(solve_lower, (None, 0))(self.factor, centred)
        log_det = self.log_root_det
        density = -0.5 * (white**2).sum(axis=1) - log_det - 0.5 * self.dim * math.log(2 * math.pi)
        return jnp.where(
            jnp.isfinite(log_det), density, jnp.where((x == self.mean[None]).all(axis=1), jnp.inf, -jnp.inf)
        )

    def moments(self) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
        return self.mean, self.scale_tril @ self.scale_tril.T

    def nodes(self) -> Batch:
        """Quadrature nodes of the trapezoid rule within 9 standard deviations: 512, or 64 along each of two axes.

        Raises RequestError in more dimensions.
        """
        if self.dim > 2:
            raise RequestError(f"dim = {self.dim}: a normal has quadrature nodes for dim = 1 and 2; use samples")
        axis = np.linspace(-9, 9, 512 if self.dim == 1 else 64)
        z = np.stack(np.meshgrid(*[axis] * self.dim, indexing="ij"), axis=-1).reshape(-1, self.dim)
        mass = np.exp(-0.5 * (z**2).sum(axis=1))
        dtype = self.mean.dtype
        return Batch(self.mean[None] + jnp.asarray(z, dtype) @ self.scale_tril.T, jnp.asarray(mass / mass.sum(), dtype))

    def w2_squared(self, other: Normal) -> Float[Array, ""]:
        """Squared 2-Wasserstein distance: |m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1^1/2 S2 S1^1/2)^1/2.

        The last trace is the nuclear norm of F1^T F2. Source: Dowson and Landau (1982).
        """
        gap = ((self.mean - other.mean) ** 2).sum()
        if self.dim == 1:
            return gap + (self.scale_tril[0, 0] - other.scale_tril[0, 0]) ** 2
        cross = self.factor.T @ other.factor
        nuclear = jnp.sqrt(jnp.maximum(jnp.linalg.eigvalsh(cross.T @ cross), 0)).sum()
        traces = jnp.exp(self.log_variance) + jnp.exp(other.log_variance)
        return gap + traces - 2 * jnp.exp(self.log_scale + other.log_scale) * nuclear

    @property
    def log_root_det(self) -> Float[Array, ""]:
        """Half the log determinant of the covariance; -inf for a singular one."""
        return self.dim * self.log_scale + safe_log(jnp.diagonal(self.factor)).sum()

    def entropy(self) -> Float[Array, ""]:
        """Differential entropy in nats; -inf for a singular covariance."""
        return self.log_root_det + 0.5 * self.dim * (1 + math.log(2 * math.pi))

    def kl(self, other: Normal) -> Float[Array, ""]:
        """KL(self || other) in nats; inf when either is singular. Source: Kullback (1959), section 9.1."""
        log_det = self.log_root_det - other.log_root_det
        proper = jnp.isfinite(log_det)
        log_scale = jnp.where(proper, other.log_scale, 0)
        ratio = jax.vmap(solve_lower, (None, 1), 1)(other.factor, self.factor)
        gap = solve_lower(other.factor, self.mean - other.mean)
        scaled_gap = jnp.where(gap == 0, 0, gap * jnp.exp(-log_scale))  # 0 * inf, once exp(-log_scale) overflows
        spread = jnp.exp(2 * jnp.where(proper, self.log_scale - log_scale, 0)) * (ratio**2).sum()
        divergence = 0.5 * (spread + (scaled_gap**2).sum() - self.dim) - log_det
        return jnp.where(proper, jnp.maximum(divergence, 0), jnp.inf)

    def hellinger(self, other: Normal) -> Float[Array, ""]:
        """Squared Hellinger distance: 1 - |S1|^1/4 |S2|^1/4 / |M|^1/2 exp(-g M^-1 g / 8), M = (S1 + S2) / 2, gap g.

        1 if one of them is singular, unless they are one point mass. Source: Pardo (2006), section 1.3.
        """
        top = jnp.maximum(self.log_scale, other.log_scale)
        top = jnp.where(jnp.isfinite(top), top, 0)
        one, two = (jnp.exp(side.log_scale - top) * side.factor for side in (self, other))
        middle = psd_factor((one @ one.T + two @ two.T) / 2)
        gap = self.mean - other.mean
        white = solve_lower(middle, gap * jnp.exp(-top))
        log_det = self.dim * top + safe_log(jnp.diagonal(middle)).sum()
        overlap = (self.log_root_det + other.log_root_det) / 2 - log_det - (white**2).sum() / 8
        proper = jnp.isfinite(self.log_root_det) & jnp.isfinite(other.log_root_det)
        same = (gap == 0).all() & (self.log_scale == -jnp.inf) & (other.log_scale == -jnp.inf)
        return jnp.where(proper, jnp.maximum(-jnp.expm1(overlap), 0), jnp.where(same, 0.0, 1.0))
