"""Linear-regression target."""

from __future__ import annotations

import math

import jax.numpy as jnp

from collapsebench.maths.distributions.labelled import feature_scales
from collapsebench.maths.distributions.linear import LinearGaussian
from collapsebench.parts.data import Kind
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import spec, static, within
from collapsebench.specs.registry import TARGETS


@TARGETS.register("linear")
@spec
class Linear(Target):
    """Linear regression: y = x w + N(0, noise^2), inputs of variance i^-decay; w of length `norm`, equal entries."""

    dim: int = static(3)
    noise: float = within(1.0, low=0)
    norm: float = within(1.0, low=0)
    decay: float = 0.0

    kind = Kind.LABELLED

    def distribution(self) -> LinearGaussian:
        scales = feature_scales(self.dim, self.decay)
        coef = jnp.full_like(scales, 1 / math.sqrt(self.dim)) * self.norm
        return LinearGaussian(coef, jnp.asarray(self.noise, scales.dtype), scales)
