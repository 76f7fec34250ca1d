"""The exponential distribution and its sufficient statistics, with scale and total kept as logarithms."""

from __future__ import annotations

from typing import ClassVar, Self

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench.maths import samplers
from collapsebench.maths.numerics import curvature, safe_log
from collapsebench.maths.sums import power_near
from collapsebench.parts.data import POPULATION, Batch, Summary
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.pytree import Key, Number, spec

_NODES, _WEIGHTS = np.polynomial.laguerre.laggauss(32)


@spec
class LogTotal(Summary):
    """Weight and log total of rows: sufficient statistics that can follow a collapse below the smallest float."""

    w: Float[Array, ""]
    log_total: Float[Array, ""]

    @property
    def weight(self) -> Float[Array, ""]:
        """Total weight, as a number of rows."""
        return self.w

    @classmethod
    def of(cls, data: Batch | LogTotal) -> LogTotal:
        """Statistics of weighted rows x [capacity, 1]."""
        if isinstance(data, LogTotal):
            return data
        size = power_near(data.x[0, 0])
        return cls(data.w.sum(), jnp.log(size) + safe_log((data.w * (data.x[:, 0] * (1 / size))).sum()))

    @classmethod
    def draw(cls, key: Key, distribution: Exponential, n: Number) -> LogTotal:
        """Statistics of n draws from their sampling law: total / scale ~ Gamma(n), for any n >= 0."""
        n = jnp.asarray(n, distribution.log_scale.dtype)
        log_gamma = samplers.log_gamma(key, jnp.where(n > 0, n, 1))
        return cls(n, jnp.where(n > 0, distribution.log_scale + log_gamma, -jnp.inf))

    @classmethod
    def expect(cls, distribution: Exponential, n: Number) -> LogTotal:
        """Statistics of an infinite sample with a weight of n rows among infinite samples."""
        w = jnp.asarray(n * POPULATION, distribution.log_scale.dtype)
        return cls(w, safe_log(w) + distribution.log_scale)

    def scale(self, factor: Number) -> LogTotal:
        """The same statistics with every weight times `factor`."""
        return LogTotal(self.w * factor, self.log_total + safe_log(jnp.asarray(factor, self.w.dtype)))

    def concat(self, other: Self) -> LogTotal:
        """Statistics of both samples together."""
        return LogTotal(self.w + other.w, jnp.logaddexp(self.log_total, other.log_total))


@spec
class Exponential(Distribution):
    """Exponential distribution: density exp(-x / scale) / scale on x >= 0; log_scale = -inf is the point mass at 0."""

    log_scale: Float[Array, ""]

    summary: ClassVar[type] = LogTotal
    dim: ClassVar[int] = 1

    @property
    def log_variance(self) -> Float[Array, ""]:
        return 2 * self.log_scale

    def sample(self, key: Key, n: int) -> Float[Array, "n 1"]:
        return jnp.exp(self.log_scale) * samplers.exponential(key, (n, 1), self.log_scale.dtype)

    def log_prob(self, x: Float[Array, "n 1"]) -> Float[Array, " n"]:
        x, point = x[:, 0], self.log_scale == -jnp.inf
        density = -x * jnp.exp(-jnp.where(point, 0, self.log_scale)) - self.log_scale
        return jnp.where(x < 0, -jnp.inf, jnp.where(point & (x > 0), -jnp.inf, density))

    def nodes(self) -> Batch:
        """Quadrature nodes: Gauss-Laguerre, 32 of them."""
        x = jnp.exp(self.log_scale) * jnp.asarray(_NODES, self.log_scale.dtype)
        return Batch(x[:, None], jnp.asarray(_WEIGHTS, self.log_scale.dtype))

    def moments(self) -> tuple[Float[Array, " 1"], Float[Array, "1 1"]]:
        return jnp.exp(self.log_scale)[None], jnp.exp(2 * self.log_scale)[None, None]

    def entropy(self) -> Float[Array, ""]:
        return 1 + self.log_scale

    def kl(self, other: Exponential) -> Float[Array, ""]:
        """KL(self || other) in nats; inf if either is a point mass."""
        both = (self.log_scale != -jnp.inf) & (other.log_scale != -jnp.inf)
        log_ratio = jnp.where(both, self.log_scale - other.log_scale, 0)
        return jnp.where(both, curvature(log_ratio), jnp.inf)

    def hellinger(self, other: Exponential) -> Float[Array, ""]:
        """Squared Hellinger distance: 1 - sech(log(a / b) / 2) for scales a and b; 1 if one is a point mass."""
        square = jnp.tanh((self.log_scale - other.log_scale) / 4) ** 2
        return jnp.where(self.log_scale == other.log_scale, 0.0, 2 * square / (1 + square))

    def l2_squared(self, other: Exponential) -> Float[Array, ""]:
        """Integral of the squared difference of the densities: (a - b)^2 / (2 a b (a + b)) for scales a and b."""
        a, b = jnp.exp(self.log_scale), jnp.exp(other.log_scale)
        return (jnp.sqrt(a / b) - jnp.sqrt(b / a)) ** 2 / (2 * (a + b))

    def w2_squared(self, other: Exponential) -> Float[Array, ""]:
        """Squared 2-Wasserstein distance: 2 (a - b)^2 for scales a and b, as the quantiles are proportional."""
        return 2 * (jnp.exp(self.log_scale) - jnp.exp(other.log_scale)) ** 2
