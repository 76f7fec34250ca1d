"""Exponential target."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
import numpy as np

from collapsebench.maths.distributions.exponential import Exponential as ExponentialDistribution
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import spec
from collapsebench.specs.registry import TARGETS


@TARGETS.register("exponential")
@spec
class Exponential(Target):
    """Exponential distribution of mean `scale`, one dimension."""

    scale: float = 1.0

    dim: ClassVar[int] = 1

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a scale that is not positive."""
        if not np.all(np.asarray(self.scale) > 0):
            raise RequestError(f"target.scale = {self.scale}: it must be above 0")

    def distribution(self) -> ExponentialDistribution:
        return ExponentialDistribution(jnp.log(jnp.asarray(self.scale, jnp.result_type(float))))
