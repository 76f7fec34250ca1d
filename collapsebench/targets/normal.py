"""The normal target."""

from __future__ import annotations

import jax.numpy as jnp

from collapsebench.distributions.normal import Normal as NormalDistribution
from collapsebench.distributions.roles import DistributionTarget
from collapsebench.registry import TARGETS
from collapsebench.types import spec, static, within


@TARGETS.register("normal")
@spec
class Normal(DistributionTarget):
    """N(mean, sd^2 I) in `dim` dimensions; the same mean in each."""

    dim: int = static(1)
    mean: float = 0.0
    sd: float = within(1.0, low=0)

    def distribution(self) -> NormalDistribution:
        standard = NormalDistribution.standard(self.dim)
        return NormalDistribution(standard.mean + self.mean, standard.log_scale + jnp.log(self.sd), standard.factor)
