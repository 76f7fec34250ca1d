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
from collapsebench.linalg import psd_factor
from collapsebench.numerics import POPULATION, safe_log
from collapsebench.samplers.bits import over_lanes
from collapsebench.streams import part
from collapsebench.types import Key, Summary, spec


@spec
class RegressionMoments(Summary):
    """Weighted sums over labelled rows: w, gram = sum w x x^T, cross = sum w x y."""

    w: Float[Array, ""]
    gram: Float[Array, "d d"]
    cross: Float[Array, " d"]

    @property
    def weight(self) -> Float[Array, ""]:
        return self.w

    @classmethod
    def of(cls, data: Any) -> RegressionMoments:
        """The statistics of weighted rows."""
        if isinstance(data, RegressionMoments):
            return data
        x, y, w = data.x["x"], data.x["y"], data.w
        both = jnp.concatenate([x, y[:, None]], axis=1)
        both = (both * w[:, None]).T @ both
        return cls(w.sum(), both[:-1, :-1], both[:-1, -1])

    @classmethod
    def draw(
        cls, key: Key, distribution: LinearGaussian, n: Any, prompts: RegressionMoments | None = None
    ) -> RegressionMoments:
        """The statistics of n rows without the rows: new inputs, or the inputs of `prompts` with new labels.

        Law: gram G ~ Wishart(n, S) by Bartlett's decomposition; given G = F F^T, cross = G w + s F z, z ~ N(0, I).
        Source: Anderson (2003), theorems 7.2.1 and 8.2.1.
        """
        coef, dim = distribution.coef, distribution.dim
        rows = jnp.asarray(n, coef.dtype)
        if prompts is None:
            factor = distribution.scales[:, None] * samplers.wishart_factor(part(key, 0), rows, dim)
            gram = _squared(factor)
        else:
            rows, gram, factor = prompts.w, prompts.gram, psd_factor(prompts.gram)
        z = samplers.normal(part(key, 1), (dim,), coef.dtype)
        return cls(rows, gram, gram @ coef + distribution.noise * (factor @ z))

    @classmethod
    def expect(
        cls, distribution: LinearGaussian, n: Any, prompts: RegressionMoments | None = None
    ) -> RegressionMoments:
        """The statistics of an infinite sample that weighs as n rows beside other infinite samples."""
        w = jnp.asarray(n, distribution.coef.dtype) * POPULATION
        gram = w * jnp.diag(distribution.scales**2) if prompts is None else prompts.gram
        return cls(w, gram, gram @ distribution.coef)

    def scale(self, factor: Any) -> RegressionMoments:
        return jax.tree.map(lambda a: a * factor, self)

    def concat(self, other: Self) -> RegressionMoments:
        return jax.tree.map(jnp.add, self, other)


@over_lanes
def _squared(factor: Float[Array, "lanes d d"]) -> Float[Array, "lanes d d"]:
    """F F^T, with the lanes last: as a batch of small matrix products it takes longer on a CPU."""
    columns = factor.transpose(2, 1, 0)

    def add(k: Array, total: Array) -> Array:
        column = lax.dynamic_index_in_dim(columns, k, 0, keepdims=False)
        return total + column[:, None] * column[None]

    start = jnp.zeros((*columns.shape[1:2], *columns.shape[1:]), factor.dtype)
    return lax.fori_loop(0, columns.shape[0], add, start).transpose(2, 0, 1)


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
        x = draw_inputs(part(key, 0), self.scales, n, prompts)
        return {"x": x, "y": x @ self.coef + self.noise * samplers.normal(part(key, 1), (n,), self.coef.dtype)}

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
    """Minimum-norm solutions for positive semi-definite matrices: by elimination, and, only where a batch holds one
    without full rank, by eigenvalues."""
    dim = matrix.shape[1]
    eps = jnp.finfo(matrix.dtype).eps
    floor = 100 * eps * jnp.trace(matrix, axis1=1, axis2=2)
    direct, least = _eliminate(matrix, rhs, floor)
    singular = ~(least > floor)

    def by_eigenvalues() -> Array:
        values, vectors = jnp.linalg.eigh(matrix)
        seen = values > dim * eps * values.max(axis=1, keepdims=True)
        inverse = jnp.where(seen, 1 / jnp.where(seen, values, 1), 0)
        shortest = jnp.einsum("lij,lj,lkj,lk->li", vectors, inverse, vectors, rhs)
        return jnp.where(singular[:, None], shortest, direct)

    return lax.cond(singular.any(), by_eigenvalues, lambda: direct)


def _eliminate(matrix: Array, rhs: Array, floor: Array) -> tuple[Array, Array]:
    """Gauss and Jordan's elimination with the lanes last, so that every step is vectorised; also the least pivot.

    A positive definite matrix needs no interchanges, and its pivots are those of Cholesky's factorisation.
    """
    dim = matrix.shape[1]
    table = jnp.concatenate([matrix, rhs[:, :, None]], axis=2).transpose(1, 2, 0)
    index = jnp.arange(dim)[:, None, None]

    def step(k: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        table, least = state
        row = lax.dynamic_index_in_dim(table, k, 0, keepdims=False)
        column = lax.dynamic_index_in_dim(table, k, 1, keepdims=False)
        pivot = lax.dynamic_index_in_dim(row, k, 0, keepdims=False)
        row = row / jnp.where(pivot > floor, pivot, 1)
        table = jnp.where(index == k, row[None], table - column[:, None] * row[None])
        return table, jnp.minimum(least, pivot)

    start = (table, jnp.full_like(floor, jnp.inf))
    table, least = lax.fori_loop(0, dim, step, start)
    return table[:, -1].T, least
