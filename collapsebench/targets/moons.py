"""Two-moons target."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import Array

from collapsebench.maths.distributions.curve import NoisyCurves, arc_width, window
from collapsebench.specs.pytree import spec, within
from collapsebench.specs.registry import TARGETS


@TARGETS.register("moons")
@spec
class Moons(NoisyCurves):
    """Two interleaved half circles of radius 1 in the plane, with normal noise.

    Law: (cos t, sin t) or (1 - cos t, 1/2 - sin t), t uniform on [0, pi], + noise * N(0, I).
    Source: scikit-learn's make_moons, with t drawn instead of evenly spaced.
    """

    noise: float = within(0.05, low=0)

    def span(self) -> tuple[float, float]:
        return 0.0, math.pi

    def point(self, curve: int | Array, t: Array) -> tuple[Array, Array]:
        side = 1 - 2 * jnp.asarray(curve)
        return jnp.asarray(curve) + side * jnp.cos(t), 0.5 * jnp.asarray(curve) + side * jnp.sin(t)

    def windows(self, curve: int, x: Array) -> list[tuple[Array, Array]]:
        side = 1 - 2 * curve
        a, b = side * (x[:, 0] - curve), side * (x[:, 1] - 0.5 * curve)
        angle, width = jnp.arctan2(b, a), arc_width(self.noise, jnp.hypot(a, b), 1.0)
        quarters = []
        for middle in (math.pi / 4, 3 * math.pi / 4):  # on a quarter the distance has one minimum, from any side
            turn = jnp.mod(angle - middle + math.pi, 2 * math.pi) - math.pi
            quarters.append(window(middle + turn, width, middle - math.pi / 4, middle + math.pi / 4))
        return quarters
