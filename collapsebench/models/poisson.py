"""Poisson model."""

from __future__ import annotations

import jax.numpy as jnp

from collapsebench.maths.distributions.poisson import Poisson as PoissonDistribution
from collapsebench.maths.distributions.totals import Totals
from collapsebench.parts.data import Data, Kind
from collapsebench.parts.model import Model
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import MODELS


@MODELS.register("poisson")
@spec
class Poisson(Model):
    """Poisson distribution by maximum likelihood: the mean count (Suresh et al., 2025)."""

    kind = Kind.COUNT
    summary = Totals

    def init(self, key: Key) -> PoissonDistribution:
        return PoissonDistribution(jnp.ones((), jnp.result_type(float)))

    def fit(self, key: Key, params: PoissonDistribution, data: Data) -> PoissonDistribution:
        return PoissonDistribution(Totals.of(data).mean)  # type: ignore[arg-type]
