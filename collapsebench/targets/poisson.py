"""The Poisson target."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np

from collapsebench.distributions.poisson import Poisson as PoissonDistribution
from collapsebench.distributions.roles import DistributionTarget
from collapsebench.registry import TARGETS
from collapsebench.types import RequestError, spec


@TARGETS.register("poisson")
@spec
class Poisson(DistributionTarget):
    """Counts of mean `rate`."""

    rate: float = 1.0

    kind: ClassVar[str] = "count"

    def check(self, experiment: Any) -> None:
        """Raise RequestError for a negative rate."""
        if not np.all(np.asarray(self.rate) >= 0):
            raise RequestError(f"target.rate = {self.rate}: it must be at least 0")

    def distribution(self) -> PoissonDistribution:
        return PoissonDistribution(jnp.asarray(self.rate, jnp.result_type(float)))
