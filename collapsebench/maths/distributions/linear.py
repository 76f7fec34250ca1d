"""The linear regression family: labels y = x w + noise on normal inputs, and its sufficient statistics."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.maths import samplers
from collapsebench.maths.distributions.labelled import Rows, draw_inputs
from collapsebench.maths.linalg import solve_upper, solve_upper_shortest
from collapsebench.maths.numerics import curvature
from collapsebench.maths.streams import part
from collapsebench.maths.triangles import labelled_triangle, triangle
from collapsebench.parts.data import POPULATION, Summary
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.pytree import Key, Number, spec


@spec
class RegressionMoments(Summary):
    """Sufficient statistics of linear regression as a triangular root: factor F and image u with

        F F^T = sum w x x^T   (F lower-triangular),    F u = sum w x y.

    A draw has F and u at once, and least squares is one substitution, F^T coef = u. Source: Bierman (1977), Factorization
    Methods for Discrete Sequential Estimation, chapter 5.
    """

    w: Float[Array, ""]
    factor: Float[Array, "d d"]
    image: Float[Array, " d"]

    @property
    def weight(self) -> Float[Array, ""]:
        """Total weight, as a number of rows."""
        return self.w

    @property
    def gram(self) -> Float[Array, "d d"]:
        """Gram matrix sum w x x^T [d, d]."""
        return jnp.matmul(self.factor, self.factor.T, precision="highest")

    @property
    def cross(self) -> Float[Array, " d"]:
        """Cross products sum w x y [d]."""
        return jnp.matmul(self.factor, self.image, precision="highest")

    @classmethod
    def of(cls, data: PyTree) -> RegressionMoments:
        """Statistics of weighted labelled rows."""
        if isinstance(data, RegressionMoments):
            return data
        rows = jnp.concatenate([data.x["x"], data.x["y"][:, None]], axis=1)
        return cls(data.w.sum(), *_root(rows * jnp.sqrt(data.w)[:, None]))

    @classmethod
    def draw(
        cls, key: Key, distribution: LinearGaussian, n: Number, prompts: RegressionMoments | None = None
    ) -> RegressionMoments:
        """Statistics of n rows from their sampling law: new inputs, or the inputs of `prompts` with new labels.

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
        seen = (factor != 0).any(axis=0)
        return cls(rows, factor, _transposed_product(factor, coef) + jnp.where(seen, distribution.noise * z, 0))

    @classmethod
    def expect(
        cls, distribution: LinearGaussian, n: Number, prompts: RegressionMoments | None = None
    ) -> RegressionMoments:
        """Statistics of an infinite sample with a weight of n rows among infinite samples."""
        w = jnp.asarray(n, distribution.coef.dtype) * POPULATION
        factor = jnp.sqrt(w) * jnp.diag(distribution.scales) if prompts is None else prompts.factor
        return cls(w, factor, _transposed_product(factor, distribution.coef))

    def scale(self, factor: Number) -> RegressionMoments:
        """The same statistics with every weight times `factor`."""
        root = jnp.sqrt(jnp.asarray(factor, self.w.dtype))
        return RegressionMoments(self.w * factor, root * self.factor, root * self.image)

    def concat(self, other: Self) -> RegressionMoments:
        """Statistics of both samples together."""
        rows = [jnp.concatenate([side.factor, side.image[None]]).T for side in (self, other)]
        return RegressionMoments(self.w + other.w, *_root(jnp.concatenate(rows)))


def _root(rows: Float[Array, "n columns"]) -> tuple[Float[Array, "d d"], Float[Array, " d"]]:
    """Factor F and image u of rows (x, y)."""
    dim = rows.shape[1] - 1
    upper, scale = triangle(rows, dim)
    upper = upper * scale[None]
    return upper[:, :dim].T, upper[:, dim]


def _transposed_product(factor: Float[Array, "d d"], coef: Float[Array, " d"]) -> Float[Array, " d"]:
    return (factor * coef[:, None]).sum(axis=0)  # a dot product of this size is a call of its own


@spec
class LinearGaussian(Distribution):
    """Linear regression y ~ N(x w, noise^2) for x ~ N(0, diag(scales^2)); a density is that of y given x."""

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

    def reduce_drawn(self, key: Key, n: int) -> RegressionMoments:
        """Statistics of the rows of `sample` for this key: those of its inputs and of the noise, and so of the labels.

        For `independent` rows on new inputs.
        """
        noise = samplers.normal(part(key, 1), (n,), self.coef.dtype)
        upper = labelled_triangle(draw_inputs(part(key, 0), self.scales, n, None).T, noise)
        factor = upper[:, : self.dim].T
        image = _transposed_product(factor, self.coef) + self.noise * upper[:, self.dim]
        return RegressionMoments(jnp.asarray(n, self.coef.dtype), factor, image)

    def log_prob(self, rows: Rows) -> Float[Array, " n"]:
        """Log density of y given x; without noise inf where y = x w and -inf elsewhere."""
        gap = rows["y"] - rows["x"] @ self.coef
        noise = jnp.where(self.noise > 0, self.noise, 1)
        density = -0.5 * (gap / noise) ** 2 - jnp.log(noise) - 0.5 * math.log(2 * math.pi)
        return jnp.where(self.noise > 0, density, jnp.where(gap == 0, jnp.inf, -jnp.inf))

    def excess_risk(self, truth: LinearGaussian) -> Float[Array, ""]:
        """Expected squared error minus that of the truth: (w - w*)^T S (w - w*), S of the truth's inputs."""
        return ((truth.scales * (self.coef - truth.coef)) ** 2).sum()

    def kl(self, other: LinearGaussian) -> Float[Array, ""]:
        """KL(self || other) of the labels in nats, averaged over the inputs of `self`."""
        gap = ((self.scales * (self.coef - other.coef)) ** 2).sum() / other.noise**2
        log_ratio = jnp.log1p((self.noise - other.noise) / other.noise)
        return 0.5 * (curvature(2 * log_ratio) + gap)


def least_squares(moments: RegressionMoments, penalty: Any = None, features: int | None = None) -> Float[Array, " d"]:
    """The w [d] that minimises sum w_i (y_i - x_i w)^2 + penalty |w|^2; without a penalty the least-norm minimiser.

    features: only so many leading inputs are used (None: all), and the others' coefficients are 0. The leading part
    of the root is the root of the leading part.
    """
    if features is not None:
        inner = RegressionMoments(moments.w, moments.factor[:features, :features], moments.image[:features])
        return jnp.pad(least_squares(inner, penalty), (0, moments.image.shape[0] - features))
    if penalty is not None:
        # The penalty is as many rows more, each of one coordinate, labelled 0.
        dim = moments.image.shape[0]
        more = jnp.sqrt(jnp.asarray(penalty, moments.image.dtype)) * jnp.eye(dim, dim + 1, dtype=moments.image.dtype)
        rows = jnp.concatenate([jnp.concatenate([moments.factor, moments.image[None]]).T, more])
        return solve_upper(*_root(rows))
    return solve_upper_shortest(moments.factor, moments.image)
