"""Augment: one fixed real set and the last generation's synthetic data."""

from __future__ import annotations

from jaxtyping import PyTree

from collapsebench.parts.data import Data
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Count, Key, Number, spec
from collapsebench.specs.registry import REGIMES


@REGIMES.register("augment")
@spec
class Augment(Regime):
    """Train on the same real set and the last generation's synthetic data (Bertrand et al., 2024: lambda = n / n_real)."""

    def init(self, real: Data, generations: int, capacity: Number) -> Data:
        """The real data, which stay the pool."""
        return real

    def update(self, key: Key, pool: Data, synthetic: Data, fresh: PyTree, t: Count) -> tuple[Data, Data]:
        """The pool unchanged, and the real data with the synthetic data as training set."""
        return pool, pool.concat(synthetic)
