"""The Poisson distribution, with closed forms."""

from __future__ import annotations

import math
from typing import ClassVar

import jax.numpy as jnp
from jax.scipy.special import gammaln, i0e
from jaxtyping import Array, Float

from collapsebench.maths import samplers
from collapsebench.maths.distributions.totals import Totals
from collapsebench.maths.numerics import deviance, safe_log, xlogy
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.pytree import Key, spec

_LARGE = 64  # from this rate on, the expansion of the entropy is good to 1e-8
_TERMS = 192  # below it, these terms hold all the mass
_COUNT = 16  # from this count on, four terms of Stirling's series are good to 1e-14


@spec
class Poisson(Distribution):
    """Poisson distribution of mean `rate`; rate 0 is the point mass at 0."""

    rate: Float[Array, ""]

    summary: ClassVar[type] = Totals

    def draw_total(self, key: Key, n: Array) -> Float[Array, ""]:
        """A Poisson(n rate) draw, the total of n rows, for any n >= 0."""
        return samplers.poisson(key, n * self.rate)

    def sample(self, key: Key, n: int) -> Float[Array, " n"]:
        return samplers.poisson(key, self.rate, (n,))

    def log_prob(self, x: Float[Array, " n"]) -> Float[Array, " n"]:
        """Log mass of each count; of large ones by the saddle-point form, whose terms do not cancel (Loader, 2000)."""
        inside = (x >= 0) & (x == jnp.floor(x))
        small = xlogy(x, self.rate) - self.rate - gammaln(jnp.where(inside, x, 0) + 1)
        count = jnp.where(x >= _COUNT, x, _COUNT)
        square = count * count
        stirling = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / square) / square) / square) / count
        large = -deviance(count, self.rate) - stirling - 0.5 * jnp.log(2 * math.pi * count)
        return jnp.where(inside, jnp.where(x < _COUNT, small, large), jnp.where(jnp.isnan(x), jnp.nan, -jnp.inf))

    def moments(self) -> tuple[Float[Array, " 1"], Float[Array, "1 1"]]:
        return self.rate[None], self.rate[None, None]

    @property
    def log_variance(self) -> Float[Array, ""]:
        """Log of the rate; -inf for rate 0."""
        return safe_log(self.rate)

    def entropy(self) -> Float[Array, ""]:
        """Entropy in nats: sum of -p log p for a small rate, a third-order expansion in 1 / rate for a large one."""
        log_p = Poisson(jnp.minimum(self.rate, _LARGE)).log_prob(jnp.arange(_TERMS, dtype=self.rate.dtype))
        exact = -jnp.where(log_p > -jnp.inf, jnp.exp(log_p) * log_p, 0).sum()
        t = 1 / jnp.maximum(self.rate, _LARGE)
        expansion = 0.5 * (math.log(2 * math.pi * math.e) - jnp.log(t)) - t / 12 - t**2 / 24 - 19 * t**3 / 360
        return jnp.where(self.rate < _LARGE, exact, expansion)

    def kl(self, other: Poisson) -> Float[Array, ""]:
        """KL(self || other) in nats; inf if `other` has rate 0 and self has not."""
        return deviance(self.rate, other.rate)

    def hellinger(self, other: Poisson) -> Float[Array, ""]:
        """Squared Hellinger distance: 1 - exp(-(sqrt a - sqrt b)^2 / 2) for rates a and b."""
        return -jnp.expm1(-((jnp.sqrt(self.rate) - jnp.sqrt(other.rate)) ** 2) / 2)

    def l2_squared(self, other: Poisson) -> Float[Array, ""]:
        """Squared Euclidean distance of the probabilities, by sum_k a^k b^k / k!^2 = I_0(2 sqrt(ab)); to 1e-7 in float32."""

        def overlap(a: Array, b: Array) -> Array:
            return jnp.exp(-((jnp.sqrt(a) - jnp.sqrt(b)) ** 2)) * i0e(2 * jnp.sqrt(a * b))

        p, q = self.rate, other.rate
        return jnp.maximum(overlap(p, p) + overlap(q, q) - 2 * overlap(p, q), 0)
