"""Fresh: new real rows in every generation, beside the last generation's synthetic data."""

from __future__ import annotations

from typing import Any

from collapsebench.parts.data import Data
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import REGIMES


@REGIMES.register("fresh")
@spec
class Fresh(Regime):
    """Train on `rows` new real rows and the last generation's synthetic data (Alemohammad et al., 2024)."""

    rows: int = static(10)
    models: int = static(1)

    def fresh_capacity(self, n: Any) -> int:
        """`rows` new real rows in every generation."""
        return self.rows

    def update(self, key: Key, pool: Any, synthetic: Data, fresh: Any, t: Any) -> tuple[Any, Data]:
        """No pool, and the new real rows with the synthetic data as training set."""
        return pool, fresh.concat(synthetic)
