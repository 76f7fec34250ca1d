"""A swiss roll in the plane."""

from __future__ import annotations

import math
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array

from collapsebench.distributions.curve import NoisyCurves, window
from collapsebench.registry import TARGETS
from collapsebench.types import spec


@TARGETS.register("swiss_roll")
@spec
class SwissRoll(NoisyCurves):
    """One and a half turns of a spiral with normal noise.

    Law: (t cos t, t sin t), t uniform on [3 pi / 2, 9 pi / 2], + noise * N(0, I).
    Source: scikit-learn's make_swiss_roll without its height, as Kazdan et al. (2025) use it.
    """

    noise: float = 0.05

    curves: ClassVar[int] = 1

    def span(self) -> tuple[float, float]:
        return 1.5 * math.pi, 4.5 * math.pi

    def point(self, curve: Array, t: Array) -> tuple[Array, Array]:
        return t * jnp.cos(t), t * jnp.sin(t)

    def windows(self, curve: int, x: Array) -> list[tuple[Array, Array]]:
        first, last = self.span()
        angle = jnp.arctan2(x[:, 1], x[:, 0])
        turns = []
        for turn in range(3):  # a turn of t around the angle of x, cut to the span; together they are the whole span
            middle = angle + 2 * math.pi * turn
            low, high = (jnp.clip(middle + end, first, last) for end in (-math.pi, math.pi))
            near, width = self._nearest(jnp.clip(middle, low, high), x)
            turns.append(window(near, width, low, high))
        return turns

    def _nearest(self, t: Array, x: Array) -> tuple[Array, Array]:
        """Newton's method for the nearest t, and the standard deviation of t given x."""
        for _ in range(4):
            cos, sin = jnp.cos(t), jnp.sin(t)
            gap = t * cos - x[:, 0], t * sin - x[:, 1]
            slope = gap[0] * (cos - t * sin) + gap[1] * (sin + t * cos)
            # Curvature 1 + t |x| cos(...) of the squared distance, held positive far from the curve.
            curvature = 1 + t**2 - gap[0] * (2 * sin + t * cos) + gap[1] * (2 * cos - t * sin)
            curvature = jnp.maximum(curvature, 1.0)
            t = t - slope / curvature
        return t, self.noise / jnp.sqrt(curvature)
