"""The continuous uniform distribution on a box, with closed forms."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench.maths import samplers
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)


@spec
class Uniform(Distribution):
    """Uniform distribution on the box low <= x <= high."""

    low: Float[Array, " d"]
    high: Float[Array, " d"]

    @property
    def dim(self) -> int:
        return self.low.shape[-1]

    def sample(self, key: Key, n: int) -> Float[Array, "n d"]:
        return self.low[None] + (self.high - self.low)[None] * samplers.uniform(key, (n, self.dim), self.low.dtype)

    def log_prob(self, x: Float[Array, "n d"]) -> Float[Array, " n"]:
        inside = ((x >= self.low[None]) & (x <= self.high[None])).all(axis=1)
        return jnp.where(inside, -self.entropy(), -jnp.inf)

    def nodes(self) -> Batch:
        """Quadrature nodes: Gauss-Legendre, 32 along each axis. Raises RequestError for more than two axes."""
        if self.dim > 2:
            raise RequestError(f"target.dim = {self.dim}: quadrature nodes are for dim <= 2; use handover = samples")
        unit = np.array(list(itertools.product((_NODES + 1) / 2, repeat=self.dim)))
        weights = np.prod(list(itertools.product(_WEIGHTS / 2, repeat=self.dim)), axis=1)
        dtype = self.low.dtype
        return Batch(
            self.low[None] + (self.high - self.low)[None] * jnp.asarray(unit, dtype), jnp.asarray(weights, dtype)
        )

    def moments(self) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
        return (self.low + self.high) / 2, jnp.diag((self.high - self.low) ** 2 / 12)

    def entropy(self) -> Float[Array, ""]:
        return jnp.log(self.high - self.low).sum()
