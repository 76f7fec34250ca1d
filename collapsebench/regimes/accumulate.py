"""Accumulate: the real data and all synthetic data so far."""

from __future__ import annotations

from jaxtyping import PyTree

from collapsebench.parts.data import Data
from collapsebench.parts.regime import Pool, Regime
from collapsebench.specs.pytree import Count, Key, Number, spec
from collapsebench.specs.registry import REGIMES


@REGIMES.register("accumulate")
@spec
class Accumulate(Regime):
    """Train on the real data and all synthetic data so far (Gerstgrasser et al., 2024)."""

    def init(self, real: Data, generations: int, capacity: Number) -> Pool:
        """The real data, with room for every later synthetic set."""
        return Pool.of(real, generations, capacity)

    def update(self, key: Key, pool: Pool, synthetic: Data, fresh: PyTree, t: Count) -> tuple[Pool, Data]:
        """The pool with the synthetic data added, and all of it as training set."""
        pool = pool.add(synthetic, t)
        return pool, pool.data
