"""The multivariate normal and its sufficient statistics, with the scale of both kept as a logarithm."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from collapsebench.maths import samplers
from collapsebench.maths.cholesky import psd_factor
from collapsebench.maths.linalg import root_gap, solve_lower
from collapsebench.maths.numerics import curvature, divide, safe_log
from collapsebench.maths.streams import part
from collapsebench.maths.sums import centred
from collapsebench.maths.triangles import centred_triangle, independent, rows_factor, triangle
from collapsebench.parts.data import POPULATION, Batch, Summary
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Number, spec


@spec
class Moments(Summary):
    """Weight, mean and centred scatter of weighted samples; scatter = exp(2 log_scale) factor factor^T, trace d.

    The scatter is kept as its lower-triangular root, which sees directions that the scatter itself has lost to rounding,
    and its scale as a logarithm, so a sample-free path can follow a collapse far below the smallest float. Additions
    use the centred update of Chan, Golub and LeVeque (1983), so no spread is lost to cancellation.
    """

    w: Float[Array, ""]
    mean: Float[Array, " d"]
    log_scale: Float[Array, ""]
    factor: Float[Array, "d d"]

    @property
    def weight(self) -> Float[Array, ""]:
        """Total weight, as a number of rows."""
        return self.w

    @classmethod
    def of(cls, data: PyTree) -> Moments:
        """Statistics of weighted rows x [capacity, d]."""
        if isinstance(data, Moments):
            return data
        total, mean, rows, size = centred(data.x, data.w)
        largest = size.max()
        if rows.shape[1] == 1:
            unit = rows[:, 0] * (1 / largest)
            return _moments(total, mean, jnp.log(largest), (data.w * unit * unit).sum())
        upper, _ = triangle(rows * jnp.sqrt(data.w)[:, None], rows.shape[1], size)
        return _moments(total, mean, jnp.log(largest), root=upper.T * (size / largest)[:, None])

    @classmethod
    def draw(cls, key: Key, distribution: Normal, n: Number) -> Moments:
        """Statistics of n draws from `distribution`, drawn directly from their sampling law.

        Law: mean ~ N(mu, S / n); scatter ~ Wishart(n - 1, S) by Bartlett's decomposition, independent of it.
        Source: Anderson (2003), An Introduction to Multivariate Statistical Analysis, theorems 3.3.2 and 7.2.1.
        """
        dtype, dim = distribution.mean.dtype, distribution.mean.shape[0]
        n = jnp.asarray(n, dtype)
        width = jnp.exp(distribution.log_scale) * jax.lax.rsqrt(jnp.maximum(n, 1))
        if dim == 1:
            scatter, z = samplers.chi_square_and_normal(key, jnp.maximum(n - 1, 1))
            log_scale = distribution.log_scale + 0.5 * safe_log(jnp.where(n > 1, scatter, 0).astype(dtype))
            mean = distribution.mean + width * distribution.factor[0] * z.astype(dtype)
            return cls(n, mean, log_scale, distribution.factor)
        # A Wishart factor has normals of its own.
        mean = distribution.mean + width * _matmul(distribution.factor, samplers.normal(part(key, 0), (dim,), dtype))
        root = _matmul(distribution.factor, samplers.wishart_factor(key, n - 1, dim).astype(dtype))
        return _moments(n, mean, distribution.log_scale, root=root)

    @classmethod
    def expect(cls, distribution: Normal, n: Number) -> Moments:
        """Statistics of an infinite sample with a weight of n rows among infinite samples."""
        w = jnp.asarray(n, distribution.mean.dtype) * POPULATION
        return cls(w, distribution.mean, distribution.log_scale + 0.5 * jnp.log(w), distribution.factor)

    def scale(self, factor: Number) -> Moments:
        """The same statistics with every weight times `factor`."""
        w = self.w * factor
        return Moments(w, self.mean, self.log_scale + 0.5 * safe_log(jnp.asarray(factor, w.dtype)), self.factor)

    def concat(self, other: Self) -> Moments:
        """Statistics of both samples together."""
        w = self.w + other.w
        share = divide(other.w, w)
        gap = other.mean - self.mean
        # The spread between the means joins as a third scatter: w1 w2 / (w1 + w2) gap gap^T.
        between = 0.5 * safe_log(self.w * share)
        top = jnp.maximum(jnp.maximum(self.log_scale, other.log_scale), between)
        top = jnp.where(top == -jnp.inf, 0, top)
        sizes = [jnp.exp(log_scale - top) for log_scale in (self.log_scale, other.log_scale, between)]
        mean = self.mean + share * gap
        if gap.shape[0] == 1:
            squares = jnp.exp(2 * (self.log_scale - top)), jnp.exp(2 * (other.log_scale - top))
            return _moments(w, mean, top, squares[0] + squares[1] + jnp.exp(2 * (between - top)) * gap[0] * gap[0])
        rows = (sizes[0] * self.factor.T, sizes[1] * other.factor.T, sizes[2] * gap[None])
        return _moments(w, mean, top, root=rows_factor(jnp.concatenate(rows)))


def _matmul(a: Array, b: Array) -> Array:
    return jnp.matmul(a, b, precision="highest")


def _moments(w: Array, mean: Array, log_scale: Array, scatter: Any = None, root: Any = None) -> Moments:
    """Moments with scatter exp(2 log_scale) root root^T, or in one dimension exp(2 log_scale) scatter."""
    dim = mean.shape[0]
    size = scatter if root is None else (root**2).sum() / dim
    unit = jnp.eye(dim, dtype=mean.dtype)
    factor = unit if root is None else jnp.where(size == 0, unit, root / jnp.sqrt(jnp.where(size == 0, 1, size)))
    return Moments(w, mean, log_scale + 0.5 * safe_log(size), factor)


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
        shape = jnp.where(size == 0, jnp.eye(mean.shape[0]), covariance / jnp.where(size == 0, 1, size))
        return cls(mean, 0.5 * safe_log(size), psd_factor(shape))

    @classmethod
    def fit(cls, moments: Moments, ddof: Any = 0.0) -> Normal:
        """Normal with covariance scatter / (weight - ddof) of the statistics; a point mass if weight <= ddof."""
        rows = moments.w - ddof
        log_scale = moments.log_scale - 0.5 * jnp.log(jnp.where(rows > 0, rows, 1))
        return cls(moments.mean, jnp.where(rows <= 0, -jnp.inf, log_scale), moments.factor)

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

    def extrapolate(self, other: Normal, weight: Number) -> Normal:
        """The normal as far beyond this one as `weight` times the way to it from `other`, in coordinates of this one.

        The mean moves along its line. With L and L T the Cholesky roots of both, the new root is L times the triangle of
        the diagonal diag(T)^-weight and of -weight T below it: linear in log-Cholesky coordinates (Lin, 2019) of what is
        white for this one, so that it does not matter in which units rows are. In one dimension the log sd is linear.
        Where one of them is singular the covariance stays.
        """
        mean = self.mean + weight * (self.mean - other.mean)
        ours, theirs = (side.factor * jnp.sign(jnp.diagonal(side.factor))[None] for side in (self, other))
        way = jax.vmap(solve_lower, (None, 1), 1)(ours, theirs)
        apart = jnp.where(jnp.isfinite(other.log_scale), other.log_scale - self.log_scale, -jnp.inf)
        proper = (jnp.diagonal(way) > 0).all() & jnp.isfinite(apart)
        turn = jnp.exp(-weight * (jnp.log(jnp.where(proper, jnp.diagonal(way), 1)) + jnp.where(proper, apart, 0)))
        step = jnp.diag(turn) - weight * jnp.tril(way, -1) * jnp.exp(jnp.where(proper, apart, -jnp.inf))
        scale = jnp.sqrt((_matmul(ours, step) ** 2).sum() / self.dim)
        unit = jnp.where(proper, _matmul(ours, step) / scale, self.factor)
        return Normal(mean, self.log_scale + jnp.where(proper, jnp.log(scale), 0), unit)

    def sample(self, key: Key, n: int) -> Float[Array, "n d"]:
        z = samplers.normal(key, (self.dim, n), self.mean.dtype).T  # a kernel over short rows would not be vectorised
        return self.mean[None] + (z * self.scale_tril[0, 0] if self.dim == 1 else _matmul(z, self.scale_tril.T))

    def reduce_drawn(self, key: Key, w: Float[Array, " n"], n: Number | None = None) -> Moments:
        """Moments of the rows of `sample` for this key, weighted by w: those of its standard normals, mapped.

        The rows themselves cannot hold a spread below the rounding of the mean. n: the first n rows weigh 1 and the
        others 0; None where weights are of any kind.
        """
        if self.dim == 1 and n is not None and self.mean.dtype == jnp.float32:
            pivot, total, squares = samplers.normal_totals(key, w.shape[0], n)
            rows = jnp.asarray(n, jnp.float32)
            centre = divide(total, rows)
            scatter = jnp.where(rows > 1, jnp.maximum(squares - total * centre, 0), 0)
            mean = self.mean + jnp.where(rows > 0, pivot + centre, 0) * self.scale_tril[0, 0]
            return Moments(rows, mean, self.log_scale + 0.5 * safe_log(scatter), self.factor)
        draws = samplers.normal(key, (self.dim, w.shape[0]), self.mean.dtype)
        if n is not None and independent(n, w.shape[0], self.dim):
            centre, upper = centred_triangle(draws)
            mean = self.mean + _matmul(self.scale_tril, centre)
            return _moments(jnp.asarray(n, mean.dtype), mean, self.log_scale, root=_matmul(self.factor, upper.T))
        z = Moments.of(Batch(draws.T, w))
        if self.dim == 1:
            mean = self.mean + z.mean * self.scale_tril[0, 0]
            return Moments(z.w, mean, self.log_scale + z.log_scale, self.factor)
        mean = self.mean + _matmul(self.scale_tril, z.mean)
        return _moments(z.w, mean, self.log_scale + z.log_scale, root=_matmul(self.factor, z.factor))

    def log_prob(self, x: Float[Array, "n d"]) -> Float[Array, " n"]:
        """Log density; for a point mass -inf everywhere but at the mean."""
        centred = jnp.where(x == self.mean[None], 0, (x - self.mean[None]) * jnp.exp(-self.log_scale))  # no 0 * inf
        white = jax.vmap(solve_lower, (None, 0))(self.factor, centred)
        log_det = self.log_root_det
        density = -0.5 * (white**2).sum(axis=1) - log_det - 0.5 * self.dim * math.log(2 * math.pi)
        at_point = jnp.where((x == self.mean[None]).all(axis=1), jnp.inf, -jnp.inf)
        return jnp.where(log_det == -jnp.inf, at_point, density)

    def moments(self) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
        return self.mean, _matmul(self.scale_tril, self.scale_tril.T)

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
        return Batch(
            self.mean[None] + _matmul(jnp.asarray(z, dtype), self.scale_tril.T), jnp.asarray(mass / mass.sum(), dtype)
        )

    def w2_squared(self, other: Normal) -> Float[Array, ""]:
        """Squared 2-Wasserstein distance, |m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1^1/2 S2 S1^1/2)^1/2 and never negative.

        Computed as |m1 - m2|^2 + |F1 - F2 Q|^2, Q the orthogonal matrix nearest to F2^T F1: no term is subtracted.
        Source: Dowson and Landau (1982); Q is that of Procrustes, Bhatia, Jain and Lim (2019).
        """
        gap = ((self.mean - other.mean) ** 2).sum()
        if self.dim == 1:
            return gap + (self.scale_tril[0, 0] - other.scale_tril[0, 0]) ** 2
        return gap + root_gap(self.scale_tril, other.scale_tril)

    @property
    def log_root_det(self) -> Float[Array, ""]:
        """Half the log determinant of the covariance; -inf for a singular one."""
        return self.dim * self.log_scale + safe_log(jnp.diagonal(self.factor)).sum()

    def entropy(self) -> Float[Array, ""]:
        """Differential entropy in nats; -inf for a singular covariance."""
        return self.log_root_det + 0.5 * self.dim * (1 + math.log(2 * math.pi))

    def kl(self, other: Normal) -> Float[Array, ""]:
        """KL(self || other) in nats; inf when either is singular. Source: Kullback (1959), section 9.1."""
        ours, theirs = jnp.diagonal(self.factor), jnp.diagonal(other.factor)
        dets = self.log_root_det, other.log_root_det
        proper = (dets[0] != -jnp.inf) & (dets[1] != -jnp.inf)
        shift = jnp.where(proper, self.log_scale - other.log_scale, 0)
        # log of the ratio of the pivots, each of which adds exp(2 x) - 1 - 2 x: nothing cancels.
        ratios = shift + jnp.log1p(jnp.where(proper, (ours - theirs) / jnp.where(theirs == 0, 1, theirs), 0))
        ratio = jax.vmap(solve_lower, (None, 1), 1)(other.factor, self.factor)
        aside = jnp.tril(ratio, -1)
        aside = jnp.where(aside == 0, 0, jnp.exp(shift) * aside)
        gap = solve_lower(other.factor, self.mean - other.mean)
        log_scale = jnp.where(proper, other.log_scale, 0)
        scaled_gap = jnp.where(gap == 0, 0, gap * jnp.exp(-log_scale))  # 0 * inf, once an exponential overflows
        divergence = 0.5 * (curvature(2 * ratios).sum() + (aside**2).sum() + (scaled_gap**2).sum())
        return jnp.where(proper, divergence, jnp.inf)

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
