"""Grow: replace, with a sample size that grows with the generation."""

from __future__ import annotations

from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree
from numpy.typing import ArrayLike

from collapsebench.parts.data import Data
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Count, Key, Number, spec, static
from collapsebench.specs.registry import REGIMES

LONGEST = 4096
"""Generations whose powers are computed to float64; float32 would now and then be a row short, or one over."""


@cache
def _powers(power: float) -> np.ndarray:
    return np.arange(1.0, LONGEST + 2) ** power


def _rows(exact: ArrayLike) -> np.ndarray:
    return np.ceil(np.asarray(exact) * (1 - 1e-13))  # 10 * 1000^(1/3) is 100, though rounding puts it above


@REGIMES.register("grow")
@spec
class Grow(Regime):
    """Replace with a schedule: generation t trains on ceil(n (1 + t)^power) synthetic rows.

    power = 1 is a replaced set that grows to the accumulated size; the risk stays finite exactly when power > 1.
    """

    power: float = static(1.0, within=(-64, 64))

    def capacity(self, n: Number, generations: int) -> Number:
        """Rows of the last generation's training set: ceil(n generations^power)."""
        return int(_rows([n * generations**self.power])[0]) if isinstance(n, int) else n * generations**self.power

    def synthetic_size(self, n: Number, t: Count) -> Number:
        """Rows of generation t's training set: ceil(n (1 + t)^power)."""
        powers, place = _powers(self.power), jnp.minimum(jnp.asarray(t, int), LONGEST)
        beyond = jnp.ceil(n * (1.0 + t) ** self.power)
        table = _rows(n * powers) if isinstance(n, int) else powers
        known = jnp.asarray(table, beyond.dtype)[place]
        return jnp.where(t > LONGEST, beyond, known if isinstance(n, int) else jnp.ceil(n * known))

    def update(self, key: Key, pool: PyTree, synthetic: Data, fresh: PyTree, t: Count) -> tuple[PyTree, Data]:
        """No pool, and the synthetic data as training set."""
        return pool, synthetic
