"""Replace: the last generation's synthetic data alone."""

from __future__ import annotations

from jaxtyping import PyTree

from collapsebench.parts.data import Data
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Count, Key, spec
from collapsebench.specs.registry import REGIMES


@REGIMES.register("replace")
@spec
class Replace(Regime):
    """Train on the synthetic data of the last generation alone (Shumailov et al., 2024)."""

    replaces = True

    def update(self, key: Key, pool: PyTree, synthetic: Data, fresh: PyTree, t: Count) -> tuple[PyTree, Data]:
        """No pool, and the synthetic data as training set."""
        return pool, synthetic
