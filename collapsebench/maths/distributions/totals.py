"""Sufficient statistics of families of counts, weight and total, and whole numbers of draws."""

from __future__ import annotations

from typing import Any, Self

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.numerics import divide
from collapsebench.parts.data import POPULATION, Batch, Summary
from collapsebench.specs.pytree import Key, spec


@spec
class Totals(Summary):
    """Sufficient statistics of counts: weight and total. Families share it, so one may be fitted to another's draws.

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
        """Weighted mean; 0 for weight 0."""
        return divide(self.total, self.w)

    @classmethod
    def of(cls, data: Batch | Totals) -> Totals:
        """Statistics of weighted rows x [capacity]."""
        return data if isinstance(data, Totals) else cls(data.w.sum(), (data.w * data.x).sum())

    @classmethod
    def draw(cls, key: Key, distribution: Any, n: Any) -> Totals:
        """Statistics of n draws, by their exact law."""
        n = jnp.asarray(n, jnp.result_type(float))
        return cls(n, distribution.draw_total(key, n))

    @classmethod
    def expect(cls, distribution: Any, n: Any) -> Totals:
        """Statistics of an infinite sample with the weight of n rows, to add to other infinite samples."""
        w = jnp.asarray(n * POPULATION, jnp.result_type(float))
        return cls(w, w * distribution.moments()[0][0])

    def scale(self, factor: Any) -> Totals:
        """The same statistics with every weight times `factor`."""
        return Totals(self.w * factor, self.total * factor)

    def concat(self, other: Self) -> Totals:
        """Statistics of both samples together."""
        return Totals(self.w + other.w, self.total + other.total)


def whole_rows(n: Array) -> Array:
    """Whole number of draws for n rows: the nearest, and at least one unless n is 0."""
    return jnp.where(n > 0, jnp.maximum(jnp.round(n), 1), 0)
