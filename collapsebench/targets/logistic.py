"""Logistic-regression target."""

from __future__ import annotations

import math

import jax.numpy as jnp

from collapsebench.maths.distributions.labelled import feature_scales
from collapsebench.maths.distributions.logistic import LogisticLabels
from collapsebench.parts.data import Kind
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import spec, static, within
from collapsebench.specs.registry import TARGETS


@TARGETS.register("logistic")
@spec
class Logistic(Target):
    """Logistic regression: P(y = 1 | x) = 1 / (1 + exp(-x w)), inputs of variance i^-decay; w of length `norm`.

    The entries of w are equal.
    """

    dim: int = static(3)
    norm: float = within(1.0, low=0)
    decay: float = 0.0

    kind = Kind.LABELLED

    def distribution(self) -> LogisticLabels:
        scales = feature_scales(self.dim, self.decay)
        return LogisticLabels(jnp.full_like(scales, 1 / math.sqrt(self.dim)) * self.norm, scales)
