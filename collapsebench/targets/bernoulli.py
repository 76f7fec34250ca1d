"""The Bernoulli target."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np

from collapsebench.distributions.bernoulli import Bernoulli as BernoulliDistribution
from collapsebench.distributions.roles import DistributionTarget
from collapsebench.registry import TARGETS
from collapsebench.types import RequestError, spec


@TARGETS.register("bernoulli")
@spec
class Bernoulli(DistributionTarget):
    """1 with probability p, else 0."""

    p: float = 0.5

    kind: ClassVar[str] = "count"

    def check(self, experiment: Any) -> None:
        """Raise RequestError for a p outside [0, 1]."""
        p = np.asarray(self.p)
        if not np.all((p >= 0) & (p <= 1)):
            raise RequestError(f"target.p = {self.p}: it must lie between 0 and 1")

    def distribution(self) -> BernoulliDistribution:
        return BernoulliDistribution(jnp.asarray(self.p, jnp.result_type(float)))
