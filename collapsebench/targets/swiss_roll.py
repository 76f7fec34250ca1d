"""Swiss-roll target in the plane."""

from __future__ import annotations

import math
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array

from collapsebench.maths.distributions.curve import REACH, NoisyCurves
from collapsebench.specs.pytree import Count, spec, within
from collapsebench.specs.registry import TARGETS

HALVINGS = 12
"""Bisections for the ends of a window: near the curve they are at most REACH noise / 4096 too far."""


@TARGETS.register("swiss_roll")
@spec
class SwissRoll(NoisyCurves):
    """Swiss roll: one and a half turns of a spiral in the plane, with normal noise.

    Law: (t cos t, t sin t), t uniform on [3 pi / 2, 9 pi / 2], + noise * N(0, I).
    Source: scikit-learn's make_swiss_roll without its height, as Kazdan et al. (2025) use it.
    """

    noise: float = within(0.05, low=0)

    curves: ClassVar[int] = 1

    def span(self) -> tuple[float, float]:
        return 1.5 * math.pi, 4.5 * math.pi

    def point(self, curve: int | Array, t: Array) -> tuple[Array, Array]:
        return t * jnp.cos(t), t * jnp.sin(t)

    def windows(self, curve: int, x: Array) -> list[tuple[Array, Array]]:
        first, last = self.span()
        radius, angle = jnp.hypot(x[:, 0], x[:, 1]), jnp.arctan2(x[:, 1], x[:, 0])

        def turning(t: float | Array, side: float | Array) -> Array:
            """Where the distance from x turns, up to whole turns, from a guess t: peaks at side -1, minima at side 1.

            Law: d|x - point|^2 / dt = 0 where cos(t - angle + arctan t) = sin(arctan t) / radius.
            """
            cosine = t / (jnp.sqrt(1 + t**2) * radius)
            return angle - jnp.arctan(t) + side * jnp.arccos(jnp.minimum(cosine, 1))  # above 1 the distance only grows

        def settle(_: Count, t: Array) -> Array:
            return jnp.clip(turns + turning(t, jnp.array([[[-1]], [[1]]])), first, last)

        # From the last peak before the curve to the first after it, both cut to the span: one minimum after each peak.
        start = jnp.ceil((first - turning(first, -1)) / (2 * math.pi))
        turns = 2 * math.pi * (start + jnp.arange(-1, 3)[:, None])
        # Each step takes the error times about 1 / (1 + t^2) < .05.
        peaks, minima = jax.lax.fori_loop(0, 4, settle, jnp.full_like(turns, first, shape=(2, *turns.shape)))
        ends = jnp.stack([peaks[:-1], peaks[1:]])
        near = jnp.clip(minima[:-1], *ends)

        def square(t: Array) -> Array:
            """|x - point|^2."""
            return (t - radius) ** 2 + 4 * t * radius * jnp.sin(0.5 * (t - angle)) ** 2

        # From the nearest t both ways, to where |x - point|^2 has grown by (REACH noise)^2: bisection, as it only grows.
        reach = square(near) + (REACH * self.noise) ** 2
        step = jnp.clip(ends, radius - jnp.sqrt(reach), radius + jnp.sqrt(reach)) - near

        def halve(k: Array, inside: Array) -> Array:
            further = inside + step * 0.5 ** (k + 1)
            return jnp.where(square(further) > reach, inside, further)

        low, high = jax.lax.fori_loop(0, HALVINGS, halve, jnp.broadcast_to(near, step.shape)) + step * 0.5**HALVINGS
        return list(zip(low, high, strict=True))
