"""Sufficient statistics of families of counts that need only weight and total."""

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
    """Weight and total of weighted counts, shared by families so that one may be fitted to another's draws.

    A family gives `draw_total(key, n)`, the law of the sum of n draws.
    """

    w: Float[Array, ""]
    total: Float[Array, ""]

    @property
    def weight(self) -> Float[Array, ""]:
        """Total weight, as a number of rows."""
        return self.w

    @property
    def mean(self) -> Float[Array, ""]:
        """Weighted mean; 0 if the weight is 0."""
        return divide(self.total, self.w)

    @classmethod
    def of(cls, data: Batch | Totals) -> Totals:
        """Statistics of weighted rows x [capacity]."""
        return data if isinstance(data, Totals) else cls(data.w.sum(), (data.w * data.x).sum())

    @classmethod
    def draw(cls, key: Key, distribution: Any, n: Any) -> Totals:
        """Statistics of n draws, drawn directly from their sampling law."""
        n = jnp.asarray(n, jnp.result_type(float))
        return cls(n, distribution.draw_total(key, n))

    @classmethod
    def expect(cls, distribution: Distribution, n: Number) -> Totals:
        """Statistics of an infinite sample with a weight of n rows among infinite samples."""
        w = jnp.asarray(n * POPULATION, jnp.result_type(float))
        return cls(w, w * distribution.moments()[0][0])

    def scale(self, factor: Number) -> Totals:
        """The same statistics with every weight times `factor`."""
        return Totals(self.w * factor, self.total * factor)

    def concat(self, other: Self) -> Totals:
        """Statistics of both samples together."""
        return Totals(self.w + other.w, self.total + other.total)


def whole_rows(n: Array) -> Array:
    """n rounded to a whole number of draws, at least 1 unless n is 0."""
    return jnp.where(n > 0, jnp.maximum(jnp.round(n), 1), 0)
