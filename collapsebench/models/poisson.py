"""The Poisson model: a rate."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp

from collapsebench.distributions.poisson import Poisson as PoissonDistribution
from collapsebench.distributions.roles import DistributionModel
from collapsebench.distributions.totals import Totals
from collapsebench.registry import MODELS
from collapsebench.types import Data, Key, spec


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
