"""Rosenbrock target: a long curved ridge with exact draws and density."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths import samplers
from collapsebench.maths.distributions.mixture import normal_rule
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import TARGETS


@TARGETS.register("rosenbrock")
@spec
class Rosenbrock(Target, Distribution):
    """Rosenbrock density: x1 ~ N(mean, along^2), x2 ~ N(x1^2, across^2); proportional to exp(-Rosenbrock / 20).

    The defaults are (x1 - 1)^2 / 20 + 100 (x2 - x1^2)^2 / 20. Target and distribution in one.
    Source: Pagani, Wiegand and Nadarajah (2022), An n-dimensional Rosenbrock distribution; setting of Alemohammad et
    al. (2024), figure 17, whose constants are not published.
    """

    mean: float = 1.0
    along: float = within(math.sqrt(10.0), low=0)
    across: float = within(math.sqrt(0.1), low=0)

    dim = 2

    def distribution(self) -> Rosenbrock:
        return self

    def _place(self, z: Float[Array, "n 2"]) -> Float[Array, "n 2"]:
        first = self.mean + self.along * z[:, 0]
        return jnp.stack([first, first**2 + self.across * z[:, 1]], axis=1)

    def sample(self, key: Key, n: int) -> Float[Array, "n 2"]:
        return self._place(samplers.normal(key, (n, 2)))

    def log_prob(self, x: Float[Array, "n 2"]) -> Float[Array, " n"]:
        squares = ((x[:, 0] - self.mean) / self.along) ** 2 + ((x[:, 1] - x[:, 0] ** 2) / self.across) ** 2
        return -0.5 * squares - jnp.log(self.along) - jnp.log(self.across) - math.log(2 * math.pi)

    def entropy(self) -> Float[Array, ""]:
        """Entropy in nats, the sum of the two normals' entropies."""
        return 1 + math.log(2 * math.pi) + jnp.log(self.along) + jnp.log(self.across)

    def moments(self) -> tuple[Float[Array, " 2"], Float[Array, "2 2"]]:
        """Mean and covariance, by var x1^2 = 2 along^4 + 4 mean^2 along^2 and cov(x1, x1^2) = 2 mean along^2."""
        mean, along = jnp.asarray(self.mean), jnp.asarray(self.along)
        square, cross = 2 * along**4 + 4 * mean**2 * along**2, 2 * mean * along**2
        second = square + jnp.asarray(self.across) ** 2
        covariance = jnp.stack([jnp.stack([along**2, cross]), jnp.stack([cross, second])])
        return jnp.stack([mean, mean**2 + along**2]), covariance

    def nodes(self) -> Batch:
        """Quadrature nodes: those of two standard normals, mapped."""
        z, weight = normal_rule(32, 2)
        dtype = jnp.result_type(float)
        return Batch(self._place(jnp.asarray(z, dtype)), jnp.asarray(weight, dtype))
