"""Grow: replace, with a sample size that grows with the generation."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from collapsebench.parts.data import Data
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import REGIMES


@REGIMES.register("grow")
@spec
class Grow(Regime):
    """Replace with a schedule: generation t trains on ceil(n (1 + t)^power) synthetic rows.

    power = 1 is a replaced set that grows to the accumulated size; the risk stays finite exactly when power > 1.
    """

    power: float = static(1.0)

    def capacity(self, n: Any, generations: int) -> Any:
        """Rows of the last generation's training set: ceil(n generations^power)."""
        return math.ceil(n * generations**self.power) if isinstance(n, int) else n * generations**self.power

    def synthetic_size(self, n: Any, t: Any) -> Any:
        """Rows of generation t's training set: ceil(n (1 + t)^power)."""
        return jnp.ceil(n * (1.0 + t) ** self.power)

    def update(self, key: Key, pool: Any, synthetic: Data, fresh: Any, t: Any) -> tuple[Any, Data]:
        """No pool, and the synthetic data as training set."""
        return pool, synthetic
