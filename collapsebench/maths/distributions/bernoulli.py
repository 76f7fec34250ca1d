"""The Bernoulli distribution, with closed forms."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths import samplers
from collapsebench.maths.distributions.totals import Totals, whole_rows
from collapsebench.maths.numerics import deviance, divide, safe_log, xlog1my, xlogy
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.pytree import Key, spec


@spec
class Bernoulli(Distribution):
    """Bernoulli distribution: 1 with probability p, else 0."""

    p: Float[Array, ""]

    summary: ClassVar[type] = Totals

    def draw_total(self, key: Key, n: Array) -> Float[Array, ""]:
        """A Binomial(n, p) draw, the total of n rows; a fractional n takes `whole_rows(n)` draws, scaled to weigh n."""
        rows = whole_rows(n)
        return samplers.binomial(key, rows, self.p) * divide(n, rows)

    def sample(self, key: Key, n: int) -> Float[Array, " n"]:
        return samplers.bernoulli(key, self.p, (n,)).astype(self.p.dtype)

    def log_prob(self, x: Float[Array, " n"]) -> Float[Array, " n"]:
        inside = (x == 0) | (x == 1)
        outside = jnp.where(jnp.isnan(x), jnp.nan, -jnp.inf)
        return jnp.where(inside, jnp.where(x == 1, safe_log(self.p), xlog1my(jnp.ones_like(x), self.p)), outside)

    def nodes(self) -> Batch:
        """Both outcomes as quadrature nodes, with their probabilities as weights."""
        return Batch(jnp.arange(2, dtype=self.p.dtype), jnp.stack([1 - self.p, self.p]))

    def moments(self) -> tuple[Float[Array, " 1"], Float[Array, "1 1"]]:
        return self.p[None], (self.p * (1 - self.p))[None, None]

    @property
    def log_variance(self) -> Float[Array, ""]:
        """Log of p (1 - p); -inf for p = 0 or 1."""
        return safe_log(self.p) + xlog1my(jnp.ones_like(self.p), self.p)

    def entropy(self) -> Float[Array, ""]:
        return -xlogy(self.p, self.p) - xlog1my(1 - self.p, self.p)

    def support(self) -> Float[Array, ""]:
        """Number of outcomes of positive probability."""
        return (self.p > 0).astype(self.p.dtype) + (self.p < 1)

    def kl(self, other: Bernoulli) -> Float[Array, ""]:
        """KL(self || other) in nats; inf if `other` gives probability 0 to an outcome of `self`."""
        p, q = self.p, other.p
        return deviance(p, q) + deviance(1 - p, 1 - q, q - p)

    def l2_squared(self, other: Bernoulli) -> Float[Array, ""]:
        """Squared Euclidean distance of the two probability vectors."""
        return 2 * (self.p - other.p) ** 2

    def w2_squared(self, other: Bernoulli) -> Float[Array, ""]:
        """Squared 2-Wasserstein distance: the mass that is transported, over distance 1."""
        return jnp.abs(self.p - other.p)
