"""Grow: replace, with a sample size that grows with the generation."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import PyTree

from collapsebench.parts.data import Data
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Count, Key, Number, spec, static
from collapsebench.specs.registry import REGIMES


@REGIMES.register("grow")
@spec
class Grow(Regime):
    """Replace with a schedule: generation t trains on ceil(n (1 + t)^power) synthetic rows.

    power = 1 is a replaced set that grows to the accumulated size; the risk stays finite exactly when power > 1.
    """

    power: float = static(1.0)

    def capacity(self, n: Number, generations: int) -> Number:
        """Rows of the last generation's training set: ceil(n generations^power)."""
        return math.ceil(n * generations**self.power) if isinstance(n, int) else n * generations**self.power

    def synthetic_size(self, n: Number, t: Count) -> Number:
        """Rows of generation t's training set: ceil(n (1 + t)^power)."""
        return jnp.ceil(n * (1.0 + t) ** self.power)

    def update(self, key: Key, pool: PyTree, synthetic: Data, fresh: PyTree, t: Count) -> tuple[PyTree, Data]:
        """No pool, and the synthetic data as training set."""
        return pool, synthetic
