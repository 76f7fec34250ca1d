"""Memory: synthetic data from several of the last models."""

from __future__ import annotations

from jaxtyping import PyTree

from collapsebench.parts.data import Data
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Count, Key, spec, static
from collapsebench.specs.registry import REGIMES


@REGIMES.register("memory")
@spec
class Memory(Regime):
    """Train on n synthetic rows drawn in equal parts from the last `models` models (Alemohammad et al., 2024, fig. 30).

    While fewer models exist, the first stands in for the missing ones. For new real data as well: `Fresh(models=K)`.
    """

    models: int = static(2, within=(1, 1000))

    def update(self, key: Key, pool: PyTree, synthetic: Data, fresh: PyTree, t: Count) -> tuple[PyTree, Data]:
        """No pool, and the synthetic data, which come from the last `models` models, as training set."""
        return pool, synthetic
