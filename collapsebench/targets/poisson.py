"""The Poisson target."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp

from collapsebench.maths.distributions.poisson import Poisson as PoissonDistribution
from collapsebench.maths.distributions.roles import DistributionTarget
from collapsebench.specs.pytree import spec, within
from collapsebench.specs.registry import TARGETS


@TARGETS.register("poisson")
@spec
class Poisson(DistributionTarget):
    """Counts of mean `rate`."""

    rate: float = within(1.0, low=0)

    kind: ClassVar[str] = "count"

    def distribution(self) -> PoissonDistribution:
        return PoissonDistribution(jnp.asarray(self.rate, jnp.result_type(float)))
