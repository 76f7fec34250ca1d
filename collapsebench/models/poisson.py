"""The Poisson model: a rate."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp

from collapsebench.maths.distributions.poisson import Poisson as PoissonDistribution
from collapsebench.maths.distributions.roles import DistributionModel
from collapsebench.maths.distributions.totals import Totals
from collapsebench.parts.data import Data
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import MODELS


@MODELS.register("poisson")
@spec
class Poisson(DistributionModel):
    """The mean count, by maximum likelihood (Suresh et al., 2025)."""

    kind: ClassVar[str] = "count"
    summary: ClassVar[type] = Totals

    def init(self, key: Key) -> PoissonDistribution:
        return PoissonDistribution(jnp.ones((), jnp.result_type(float)))

    def fit(self, key: Key, params: PoissonDistribution, data: Data) -> PoissonDistribution:
        return PoissonDistribution(Totals.of(data).mean)  # type: ignore[arg-type]
