"""A fixed real set is kept for ever beside the last synthetic one."""

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
        return real

    def update(self, key: Key, pool: Data, synthetic: Data, fresh: PyTree, t: Count) -> tuple[Data, Data]:
        return pool, pool.concat(synthetic)
