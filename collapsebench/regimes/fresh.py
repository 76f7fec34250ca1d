"""New real data arrive in every generation."""

from __future__ import annotations

from typing import Any

from collapsebench.regime import Regime
from collapsebench.registry import REGIMES
from collapsebench.types import Data, Key, spec, static


@REGIMES.register("fresh")
@spec
class Fresh(Regime):
    """Train on `rows` new real rows and the last generation's synthetic data (Alemohammad et al., 2024)."""

    rows: int = static(10)
    models: int = static(1)

    def fresh_capacity(self, n: Any) -> int:
        return self.rows

    def update(self, key: Key, pool: Any, synthetic: Data, fresh: Any, t: Any) -> tuple[Any, Data]:
        return pool, fresh.concat(synthetic)
