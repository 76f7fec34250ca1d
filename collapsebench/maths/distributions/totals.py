"""What families of counts share: the sufficient statistics of those that need only a sum, and draws of whole rows."""

from __future__ import annotations

from typing import Any, Self

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.numerics import divide
from collapsebench.parts.data import POPULATION, Batch, Summary
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.pytree import Key, Number, spec


@spec
class Totals(Summary):
    """Weight and total of weighted counts. Families share it, so that one may be fitted to another's sampling law.

    A family gives `draw_total(key, n)`, the law of the sum of n draws.
    """

    w: Float[Array, ""]
    total: Float[Array, ""]

    @property
    def weight(self) -> Float[Array, ""]:
        return self.w

    @property
    def mean(self) -> Float[Array, ""]:
        """The weighted mean; 0 when there is nothing to average."""
        return divide(self.total, self.w)

    @classmethod
    def of(cls, data: Batch | Totals) -> Totals:
        """The statistics of weighted rows x [capacity]."""
        return data if isinstance(data, Totals) else cls(data.w.sum(), (data.w * data.x).sum())

    @classmethod
    def draw(cls, key: Key, distribution: Any, n: Any) -> Totals:
        """The statistics of n draws, without the draws."""
        n = jnp.asarray(n, jnp.result_type(float))
        return cls(n, distribution.draw_total(key, n))

    @classmethod
    def expect(cls, distribution: Distribution, n: Number) -> Totals:
        """The statistics of an infinite sample that weighs as n rows beside other infinite samples."""
        w = jnp.asarray(n * POPULATION, jnp.result_type(float))
        return cls(w, w * distribution.moments()[0][0])

    def scale(self, factor: Number) -> Totals:
        return Totals(self.w * factor, self.total * factor)

    def concat(self, other: Self) -> Totals:
        return Totals(self.w + other.w, self.total + other.total)


def whole_rows(n: Array) -> Array:
    """The whole number of draws that stands for n: the nearest, and at least one unless n is 0."""
    return jnp.where(n > 0, jnp.maximum(jnp.round(n), 1), 0)
