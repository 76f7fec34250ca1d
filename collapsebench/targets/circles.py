"""Concentric-circles target."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import Array

from collapsebench.maths.distributions.curve import NoisyCurves, arc_width, window
from collapsebench.specs.pytree import spec, within
from collapsebench.specs.registry import TARGETS


@TARGETS.register("circles")
@spec
class Circles(NoisyCurves):
    """Two concentric circles in the plane, of radius 1 and `factor`, with normal noise.

    Law: (cos t, sin t) times 1 or factor, t uniform on [-pi, pi], + noise * N(0, I).
    Source: scikit-learn's make_circles, with t drawn instead of evenly spaced.
    """

    noise: float = within(0.05, low=0)
    factor: float = within(0.8, low=0, high=1)

    def span(self) -> tuple[float, float]:
        return -math.pi, math.pi

    def _radius(self, curve: int | Array) -> Array:
        return jnp.where(jnp.asarray(curve) == 0, 1.0, self.factor)

    def point(self, curve: int | Array, t: Array) -> tuple[Array, Array]:
        return self._radius(curve) * jnp.cos(t), self._radius(curve) * jnp.sin(t)

    def windows(self, curve: int, x: Array) -> list[tuple[Array, Array]]:
        angle = jnp.arctan2(x[:, 1], x[:, 0])
        width = arc_width(self.noise, jnp.hypot(x[:, 0], x[:, 1]), self._radius(curve))
        return [window(angle, width, angle - math.pi, angle + math.pi)]
