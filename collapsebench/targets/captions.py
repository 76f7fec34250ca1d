"""Captions: normal images around the unit circle, each with one of a few captions."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.distributions.captioned import CaptionedMixture
from collapsebench.parts.data import Kind
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import spec, static, within
from collapsebench.specs.registry import TARGETS


@TARGETS.register("captions")
@spec
class Captions(Target):
    """Points of the plane captioned by one of `captions` words, uniform, each normal about its place on the unit circle.

    Source: Gao and Li (2025), arXiv:2503.08117: a text model of words and an image model of normals.
    """

    captions: int = static(5)
    sd: float = within(0.3, low=0)

    kind = Kind.CAPTIONED
    dim = 2

    @property
    def words(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.captions,)

    def distribution(self) -> CaptionedMixture:
        return CaptionedMixture.spherical(circle(self.captions), self.sd)


def circle(count: int) -> Float[Array, "count 2"]:
    """Places at equal distances on the unit circle."""
    angle = 2 * math.pi * jnp.arange(count) / count
    return jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
