"""Poisson target."""

from __future__ import annotations

import jax.numpy as jnp

from collapsebench.maths.distributions.poisson import Poisson as PoissonDistribution
from collapsebench.parts.data import Kind
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import spec, within
from collapsebench.specs.registry import TARGETS


@TARGETS.register("poisson")
@spec
class Poisson(Target):
    """Poisson distribution of mean `rate`."""

    rate: float = within(1.0, low=0)

    kind = Kind.COUNT

    def distribution(self) -> PoissonDistribution:
        return PoissonDistribution(jnp.asarray(self.rate, jnp.result_type(float)))
