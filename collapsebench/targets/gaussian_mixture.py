"""Gaussian-mixture target, means on a circle or given."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from collapsebench.maths.distributions.mixture import Mixture
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import spec, static, within
from collapsebench.specs.registry import TARGETS


@TARGETS.register("gaussian_mixture")
@spec
class GaussianMixture(Target):
    """Mixture of `components` normals N(mean_k, sd^2 I), means on a circle (in one dimension, evenly on a line).

    The circle is in the first two dimensions. radius: of the circle, or half the line. means: [components, dim] places
    instead of the circle. weights: one per component, equal when not given. sd: one number, or one per component.
    """

    components: int = static(2)
    dim: int = static(1)
    radius: float = within(2.0, low=0)
    sd: Any = 1.0
    means: Any = None
    weights: Any = None

    def distribution(self) -> Mixture:
        means = self._circle() if self.means is None else jnp.asarray(self.means)
        if means.shape != (self.components, self.dim):
            raise ValueError(f"means: shape {means.shape}; components and dim ask for {(self.components, self.dim)}")
        return Mixture.spherical(means, jnp.asarray(self.sd), self.weights)

    def _circle(self) -> Any:
        if self.dim == 1:
            return self.radius * jnp.linspace(-1.0, 1.0, self.components)[:, None]
        angle = 2 * jnp.pi * jnp.arange(self.components) / self.components
        plane = self.radius * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
        return jnp.pad(plane, ((0, 0), (0, self.dim - 2)))
