"""Fresh: new real rows in every generation, beside the last generation's synthetic data."""

from __future__ import annotations

from jaxtyping import PyTree

from collapsebench.parts.data import Data
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Count, Key, Number, spec, static
from collapsebench.specs.registry import REGIMES


@REGIMES.register("fresh")
@spec
class Fresh(Regime):
    """Train on `rows` new real rows and the last generation's synthetic data (Alemohammad et al., 2024)."""

    rows: int = static(10)
    models: int = static(1, within=(1, 1000))

    def fresh_capacity(self, n: Number) -> int:
        """`rows` new real rows in every generation."""
        return self.rows

    def update(self, key: Key, pool: PyTree, synthetic: Data, fresh: PyTree, t: Count) -> tuple[PyTree, Data]:
        """No pool, and the new real rows with the synthetic data as training set."""
        return pool, fresh.concat(synthetic)
