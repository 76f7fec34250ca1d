"""Normal target."""

from __future__ import annotations

import jax.numpy as jnp

from collapsebench.maths.distributions.normal import Normal as NormalDistribution
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import spec, static, within
from collapsebench.specs.registry import TARGETS


@TARGETS.register("normal")
@spec
class Normal(Target):
    """Normal distribution N(mean, sd^2 I) in `dim` dimensions, the same mean in each."""

    dim: int = static(1)
    mean: float = 0.0
    sd: float = within(1.0, low=0)

    def distribution(self) -> NormalDistribution:
        standard = NormalDistribution.standard(self.dim)
        return NormalDistribution(standard.mean + self.mean, standard.log_scale + jnp.log(self.sd), standard.factor)
