"""The linear regression family: labels y = x w + noise on normal inputs, and the sums that least squares needs."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from collapsebench import samplers
from collapsebench.distributions.labelled import Rows, draw_inputs
from collapsebench.linalg import psd_factor, solve_lower, solve_upper
from collapsebench.numerics import POPULATION, safe_log
from collapsebench.samplers.bits import over_lanes
from collapsebench.types import Batch, Key, Summary, spec


@spec
class RegressionMoments(Summary):
    """Weighted sums over labelled rows: w, gram = sum w x x^T, cross = sum w x y, square = sum w y^2."""

    w: Float[Array, ""]
    gram: Float[Array, "d d"]
    cross: Float[Array, " d"]
    square: Float[Array, ""]

    @property
    def weight(self) -> Float[Array, ""]:
        return self.w

    @classmethod
    def of(cls, data: Batch | RegressionMoments) -> RegressionMoments:
        """The statistics of weighted rows."""
        if isinstance(data, RegressionMoments):
            return data
        x, y, w = data.x["x"], data.x["y"], data.w
        both = _gram(jnp.concatenate([x, y[:, None]], axis=1), w)
        return cls(w.sum(), both[:-1, :-1], both[:-1, -1], both[-1, -1])

    @classmethod
    def draw(
        cls, key: Key, distribution: LinearGaussian, n: Any, prompts: RegressionMoments | None = None
    ) -> RegressionMoments:
        """The statistics of n rows without the rows: new inputs, or the inputs of `prompts` with new labels.

        Law: gram G ~ Wishart(n, S) by Bartlett's decomposition; given G = F F^T, cross = G w + s F z, z ~ N(0, I), and
        the labels' residual sum of squares is s^2 chi-square(n - rank G), independent of it.
        Source: Anderson (2003), theorems 7.2.1 and 8.2.1.
        """
        gram_key, cross_key, rest_key = jax.random.split(key, 3)
        coef, dim = distribution.coef, distribution.dim
        if prompts is None:
            factor = distribution.scales[:, None] * samplers.wishart_factor(gram_key, jnp.asarray(n, coef.dtype), dim)
            gram, rows = factor @ factor.T, jnp.asarray(n, coef.dtype)
        else:
            factor, gram, rows = psd_factor(prompts.gram), prompts.gram, prompts.w
        z = samplers.normal(cross_key, (dim,), coef.dtype)
        rank = (jnp.diagonal(factor) > 0).sum()
        spare = rows - rank
        rest = jnp.where(spare >= 1, samplers.chi_square(rest_key, jnp.maximum(spare, 1)), 0)
        explained = factor.T @ coef + distribution.noise * z  # F^-1 cross: both squares are sums of squares
        square = (explained**2).sum() + distribution.noise**2 * rest
        return cls(rows, gram, factor @ explained, square)

    @classmethod
    def expect(
        cls, distribution: LinearGaussian, n: Any, prompts: RegressionMoments | None = None
    ) -> RegressionMoments:
        """The statistics of an infinite sample that weighs as n rows beside other infinite samples."""
        w = jnp.asarray(n, distribution.coef.dtype) * POPULATION
        gram = w * jnp.diag(distribution.scales**2) if prompts is None else prompts.gram
        cross = gram @ distribution.coef
        return cls(w, gram, cross, distribution.coef @ cross + w * distribution.noise**2)

    def scale(self, factor: Any) -> RegressionMoments:
        return jax.tree.map(lambda a: a * factor, self)

    def concat(self, other: Self) -> RegressionMoments:
        return jax.tree.map(jnp.add, self, other)


def _gram(x: Float[Array, "n d"], w: Float[Array, " n"]) -> Float[Array, "d d"]:
    """sum_i w_i x_i x_i^T."""
    return (x * w[:, None]).T @ x


@spec
class LinearGaussian:
    """y ~ N(x w, noise^2) for x ~ N(0, diag(scales^2)); a density is that of y given x."""

    coef: Float[Array, " d"]
    noise: Float[Array, ""]
    scales: Float[Array, " d"]

    summary: ClassVar[type] = RegressionMoments

    @property
    def dim(self) -> int:
        return self.coef.shape[0]

    def sample(self, key: Key, n: int, prompts: Rows | None = None) -> Rows:
        """n labelled rows: new inputs, or the first n inputs of `prompts` with new labels."""
        input_key, label_key = jax.random.split(key)
        x = draw_inputs(input_key, self.scales, n, prompts)
        return {"x": x, "y": x @ self.coef + self.noise * samplers.normal(label_key, (n,), self.coef.dtype)}

    def log_prob(self, rows: Rows) -> Float[Array, " n"]:
        """Log density of y given x; without noise inf on the line and -inf off it."""
        gap = rows["y"] - rows["x"] @ self.coef
        noise = jnp.where(self.noise > 0, self.noise, 1)
        density = -0.5 * (gap / noise) ** 2 - jnp.log(noise) - 0.5 * math.log(2 * math.pi)
        return jnp.where(self.noise > 0, density, jnp.where(gap == 0, jnp.inf, -jnp.inf))

    def excess_risk(self, truth: LinearGaussian) -> Float[Array, ""]:
        """Expected squared error of predictions beyond the truth's own: (w - w*)^T S (w - w*), its inputs."""
        return ((truth.scales * (self.coef - truth.coef)) ** 2).sum()

    def kl(self, other: LinearGaussian) -> Float[Array, ""]:
        """KL(self || other) of the labels in nats, averaged over the inputs of `self`."""
        ratio = (self.noise / other.noise) ** 2
        gap = ((self.scales * (self.coef - other.coef)) ** 2).sum() / other.noise**2
        return 0.5 * (ratio + gap - 1 - safe_log(ratio))


def least_squares(moments: RegressionMoments, penalty: Any = 0.0) -> Float[Array, " d"]:
    """The w that minimises sum w_i (y_i - x_i w)^2 + penalty |w|^2; the shortest where several do."""
    gram = moments.gram + penalty * jnp.eye(moments.cross.shape[0], dtype=moments.cross.dtype)
    return _solve(gram, moments.cross)


@over_lanes
def _solve(matrix: Float[Array, "lanes d d"], rhs: Float[Array, "lanes d"]) -> Float[Array, "lanes d"]:
    """Minimum-norm solutions. Cholesky's, and, only where a batch holds a matrix without full rank, by eigenvalues."""
    factor = jax.vmap(psd_factor)(matrix)
    pivots = jnp.diagonal(factor, axis1=1, axis2=2) ** 2
    dim = matrix.shape[1]
    floor = 100 * dim * jnp.finfo(matrix.dtype).eps * jnp.trace(matrix, axis1=1, axis2=2) / dim
    singular = pivots.min(axis=1) <= floor
    direct = jax.vmap(lambda f, b: solve_upper(f, solve_lower(f, b)))(factor, rhs)

    def by_eigenvalues() -> Array:
        values, vectors = jnp.linalg.eigh(matrix)
        least = dim * jnp.finfo(matrix.dtype).eps * values.max(axis=1, keepdims=True)
        inverse = jnp.where(values > least, 1 / jnp.where(values > least, values, 1), 0)
        shortest = jnp.einsum("lij,lj,lkj,lk->li", vectors, inverse, vectors, rhs)
        return jnp.where(singular[:, None], shortest, direct)

    return lax.cond(singular.any(), by_eigenvalues, lambda: direct)
