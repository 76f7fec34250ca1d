"""Continuous uniform target."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from collapsebench.maths.distributions.uniform import Uniform as UniformDistribution
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import spec, static
from collapsebench.specs.registry import TARGETS


@TARGETS.register("uniform")
@spec
class Uniform(Target):
    """Uniform distribution on the box low <= x <= high in `dim` dimensions; low, high: one number or one per axis."""

    dim: int = static(1)
    low: float = 0.0
    high: float = 1.0

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a box without volume."""
        if not np.all(np.asarray(self.low) < np.asarray(self.high)):
            raise RequestError(f"target.low = {self.low}: it must be below target.high = {self.high}")

    def distribution(self) -> UniformDistribution:
        origin = jnp.zeros(self.dim, jnp.result_type(float))
        return UniformDistribution(origin + self.low, origin + self.high)
