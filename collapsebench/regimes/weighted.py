"""Weighted: new real and synthetic data, each with a fixed share of the total weight."""

from __future__ import annotations

from jaxtyping import PyTree

from collapsebench.maths.numerics import divide
from collapsebench.parts.data import Data
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Count, Key, Number, spec, static, within
from collapsebench.specs.registry import REGIMES


@REGIMES.register("weighted")
@spec
class Weighted(Regime):
    """Train on `rows` new real rows, which together weigh `weight`, and synthetic data, which weigh the rest.

    The training set weighs as much as it has rows. Source: He et al. (2025), golden-ratio weighting.
    """

    weight: float = within(0.618, low=0, high=1)
    rows: int = static(10)

    def fresh_capacity(self, n: Number) -> int:
        """`rows` new real rows in every generation."""
        return self.rows

    def update(self, key: Key, pool: PyTree, synthetic: Data, fresh: PyTree, t: Count) -> tuple[PyTree, Data]:
        """No pool, and real and synthetic rows with the shares `weight` and 1 - `weight` of their total weight."""
        total = fresh.weight + synthetic.weight
        real = fresh.scale(self.weight * divide(total, fresh.weight))
        return pool, real.concat(synthetic.scale((1 - self.weight) * divide(total, synthetic.weight)))
