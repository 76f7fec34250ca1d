"""A fixed real set is kept for ever beside the last synthetic one."""

from __future__ import annotations

from typing import Any

from collapsebench.regime import Regime
from collapsebench.registry import REGIMES
from collapsebench.types import Data, Key, spec


@REGIMES.register("augment")
@spec
class Augment(Regime):
    """Train on the same real set and the last generation's synthetic data (Bertrand et al., 2024: lambda = n / n_real)."""

    def init(self, real: Data, generations: int, capacity: Any) -> Data:
        return real

    def update(self, key: Key, pool: Data, synthetic: Data, fresh: Any, t: Any) -> tuple[Data, Data]:
        return pool, pool.concat(synthetic)
