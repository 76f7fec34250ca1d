"""The linear regression family: labels y = x w + noise on normal inputs, and the sums that least squares needs."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from collapsebench import samplers
from collapsebench.distributions.labelled import Rows, draw_inputs
from collapsebench.numerics import POPULATION, safe_log
from collapsebench.samplers.bits import over_lanes
from collapsebench.streams import part
from collapsebench.types import Key, Summary, spec


@spec
class RegressionMoments(Summary):
    """Weighted sums over labelled rows as a triangular root: factor F and image u with

        F F^T = sum w x x^T   (F lower-triangular),    F u = sum w x y.

    A draw has F and u at once, and least squares is one substitution, F^T coef = u; sums and differences of squares
    lose nothing. Source: Bierman (1977), Factorization Methods for Discrete Sequential Estimation, chapter 5.
    """

    w: Float[Array, ""]
    factor: Float[Array, "d d"]
    image: Float[Array, " d"]

    @property
    def weight(self) -> Float[Array, ""]:
        return self.w

    @property
    def gram(self) -> Float[Array, "d d"]:
        """sum w x x^T."""
        return self.factor @ self.factor.T

    @property
    def cross(self) -> Float[Array, " d"]:
        """sum w x y."""
        return self.factor @ self.image

    @classmethod
    def of(cls, data: Any) -> RegressionMoments:
        """The statistics of weighted rows."""
        if isinstance(data, RegressionMoments):
            return data
        x, y, w = data.x["x"], data.x["y"], data.w
        if x.shape[0] < x.shape[1]:
            root = jnp.sqrt(w)
            return cls(w.sum(), *_triangularise(x * root[:, None], y * root))
        weighted = x * w[:, None]
        return cls(w.sum(), *_factorise(weighted.T @ x, y @ weighted))

    @classmethod
    def draw(
        cls, key: Key, distribution: LinearGaussian, n: Any, prompts: RegressionMoments | None = None
    ) -> RegressionMoments:
        """The statistics of n rows without the rows: new inputs, or the inputs of `prompts` with new labels.

        Law: F F^T ~ Wishart(n, S) by Bartlett's decomposition; given F, u = F^T coef + noise z, z ~ N(0, I).
        Source: Anderson (2003), theorems 7.2.1 and 8.2.1.
        """
        coef, dim = distribution.coef, distribution.dim
        if prompts is None:
            rows = jnp.asarray(n, coef.dtype)
            factor = distribution.scales[:, None] * samplers.wishart_factor(part(key, 0), rows, dim)
        else:
            rows, factor = prompts.w, prompts.factor
        z = samplers.normal(part(key, 1), (dim,), coef.dtype)
        # Where rows are fewer than inputs, F has columns of zeros, and nothing is known along them.
        seen = jnp.diagonal(factor) != 0
        return cls(rows, factor, _transposed_product(factor, coef) + jnp.where(seen, distribution.noise * z, 0))

    @classmethod
    def expect(
        cls, distribution: LinearGaussian, n: Any, prompts: RegressionMoments | None = None
    ) -> RegressionMoments:
        """The statistics of an infinite sample that weighs as n rows beside other infinite samples."""
        w = jnp.asarray(n, distribution.coef.dtype) * POPULATION
        factor = jnp.sqrt(w) * jnp.diag(distribution.scales) if prompts is None else prompts.factor
        return cls(w, factor, _transposed_product(factor, distribution.coef))

    def scale(self, factor: Any) -> RegressionMoments:
        root = jnp.sqrt(jnp.asarray(factor, self.w.dtype))
        return RegressionMoments(self.w * factor, root * self.factor, root * self.image)

    def concat(self, other: Self) -> RegressionMoments:
        both = _factorise(self.gram + other.gram, self.cross + other.cross)
        return RegressionMoments(self.w + other.w, *both)


def _transposed_product(factor: Float[Array, "d d"], coef: Float[Array, " d"]) -> Float[Array, " d"]:
    return (factor * coef[:, None]).sum(axis=0)  # a dot product of this size is a call of its own


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


def least_squares(moments: RegressionMoments, penalty: Any = None) -> Float[Array, " d"]:
    """The w that minimises sum w_i (y_i - x_i w)^2 + penalty |w|^2; without a penalty the shortest where several do."""
    if penalty is not None:
        ridge = penalty * jnp.eye(moments.image.shape[0], dtype=moments.image.dtype)
        return _substitute(*_factorise(moments.gram + ridge, moments.cross))
    return _shortest(moments.factor, moments.image)


def _factorise_lanes(
    gram: Float[Array, "lanes d d"], cross: Float[Array, "lanes d"]
) -> tuple[Float[Array, "lanes d d"], Float[Array, "lanes d"]]:
    """Lower-triangular F with F F^T = gram, and u with F u = cross, for positive semi-definite matrices of any rank.

    Cholesky's algorithm with the lanes last, so that every step is vectorised: LAPACK takes one matrix at a time. A
    pivot that rounding cannot tell from zero makes its column of F, and its place in u, zero.
    """
    dim = gram.shape[1]
    floor = 100 * jnp.finfo(gram.dtype).eps * jnp.trace(gram, axis1=1, axis2=2)
    rest = jnp.concatenate([gram, cross[:, :, None]], axis=2).transpose(1, 2, 0)
    index = jnp.arange(dim + 1)[:, None]

    def step(k: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        rest, done = state
        row = lax.dynamic_index_in_dim(rest, k, 0, keepdims=False)
        pivot = lax.dynamic_index_in_dim(row, k, 0, keepdims=False)
        live = (pivot > floor) & (index >= k)
        row = jnp.where(live, row, 0) / jnp.sqrt(jnp.where(pivot > floor, pivot, 1))
        rest = rest - row[:dim, None] * row[None]
        return rest, lax.dynamic_update_index_in_dim(done, row, k, 0)

    done = lax.fori_loop(0, dim, step, (rest, jnp.zeros_like(rest)))[1]  # row k: column k of F, then u_k
    return done[:, :dim].transpose(2, 1, 0), done[:, dim].T


@over_lanes
def _triangularise(
    x: Float[Array, "lanes n d"], y: Float[Array, "lanes n"]
) -> tuple[Float[Array, "lanes d d"], Float[Array, "lanes d"]]:
    """F and u of fewer rows than inputs, by Householder's reflections with the lanes last.

    Cholesky's algorithm without interchanges would lose the last pivots of such a matrix to rounding.
    """
    n, dim = x.shape[1:]
    table = jnp.concatenate([x, y[:, :, None]], axis=2).transpose(1, 2, 0)
    index = jnp.arange(n)[:, None]

    def reflect(k: Array, table: Array) -> Array:
        column = jnp.where(index >= k, lax.dynamic_index_in_dim(table, k, 1, keepdims=False), 0)
        head = lax.dynamic_index_in_dim(column, k, 0, keepdims=False)
        norm = jnp.sqrt((column**2).sum(axis=0))
        normal = jnp.where(index == k, column + jnp.where(head < 0, -norm, norm), column)
        size = (normal**2).sum(axis=0)
        along = (normal[:, None] * table).sum(axis=0) * 2 / jnp.where(size > 0, size, 1)
        return table - normal[:, None] * along

    table = lax.fori_loop(0, n, reflect, table)
    rows = jnp.where(
        index[:, None] <= jnp.arange(dim + 1)[:, None], table, 0
    )  # zero below the diagonal but for rounding
    rows = jnp.pad(rows, ((0, dim - n), (0, 0), (0, 0)))
    return rows[:, :dim].transpose(2, 1, 0), rows[:, dim].T


def _substitute_lanes(factor: Float[Array, "lanes d d"], image: Float[Array, "lanes d"]) -> Float[Array, "lanes d"]:
    """The w with F^T w = u, with the lanes last; a zero pivot gives a zero."""
    dim = image.shape[1]
    columns = factor.transpose(1, 2, 0)

    def step(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        rest, solution = state
        k = dim - 1 - i
        row = lax.dynamic_index_in_dim(columns, k, 0, keepdims=False)
        pivot = lax.dynamic_index_in_dim(row, k, 0, keepdims=False)
        value = lax.dynamic_index_in_dim(rest, k, 0, keepdims=False) / jnp.where(pivot != 0, pivot, 1)
        value = jnp.where(pivot != 0, value, 0)
        return rest - row * value, lax.dynamic_update_index_in_dim(solution, value, k, 0)

    return lax.fori_loop(0, dim, step, (image.T, jnp.zeros_like(image.T)))[1].T


@over_lanes
def _shortest(factor: Float[Array, "lanes d d"], image: Float[Array, "lanes d"]) -> Float[Array, "lanes d"]:
    """The shortest w with F^T w = u: by substitution, or, only where a batch holds an F without full rank, as F y for
    the y with F^T F y = u.
    """
    direct = _substitute_lanes(factor, image)
    singular = (jnp.diagonal(factor, axis1=1, axis2=2) == 0).any(axis=1)

    def within_range() -> Array:
        inner = _substitute_lanes(*_factorise_lanes(factor.swapaxes(1, 2) @ factor, image))
        return jnp.where(singular[:, None], jnp.einsum("lij,lj->li", factor, inner), direct)

    return lax.cond(singular.any(), within_range, lambda: direct)


_factorise, _substitute = over_lanes(_factorise_lanes), over_lanes(_substitute_lanes)
