"""Bernoulli model."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from collapsebench.datasets.given import place
from collapsebench.maths.distributions.bernoulli import Bernoulli as BernoulliDistribution
from collapsebench.maths.distributions.totals import Totals
from collapsebench.parts.data import Data, Kind
from collapsebench.parts.model import Model
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import MODELS


@MODELS.register("bernoulli")
@spec
class Bernoulli(Model):
    """Bernoulli distribution by maximum likelihood: the share of ones (Suresh et al., 2025)."""

    kind = Kind.COUNT
    summary = Totals

    def outside(self, x: np.ndarray) -> str:
        return f"{place(x > 1)} is {x[x > 1][0]}; it must be 0 or 1" if (x > 1).any() else ""

    def init(self, key: Key) -> BernoulliDistribution:
        return BernoulliDistribution(jnp.full((), 0.5, jnp.result_type(float)))

    def fit(self, key: Key, params: BernoulliDistribution, data: Data) -> BernoulliDistribution:
        # Rounding must not carry a share past 1; and counts above 1, from another family, are as good as ones.
        return BernoulliDistribution(jnp.clip(Totals.of(data).mean, 0, 1))  # type: ignore[arg-type]
