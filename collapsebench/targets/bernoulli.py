"""Bernoulli target."""

from __future__ import annotations

import jax.numpy as jnp

from collapsebench.maths.distributions.bernoulli import Bernoulli as BernoulliDistribution
from collapsebench.parts.data import Kind
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import spec, within
from collapsebench.specs.registry import TARGETS


@TARGETS.register("bernoulli")
@spec
class Bernoulli(Target):
    """Bernoulli distribution: 1 with probability p, else 0."""

    p: float = within(0.5, low=0, high=1)

    kind = Kind.COUNT

    def distribution(self) -> BernoulliDistribution:
        return BernoulliDistribution(jnp.asarray(self.p, jnp.result_type(float)))
