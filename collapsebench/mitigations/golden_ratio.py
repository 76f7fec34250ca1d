"""Golden ratio: real rows weigh more than synthetic ones."""

from __future__ import annotations

from collapsebench import theory
from collapsebench.parts.mitigation import Budget, Mitigation
from collapsebench.parts.regime import Regime
from collapsebench.specs.registry import MITIGATIONS, REGIMES


@MITIGATIONS.register("golden_ratio")
class GoldenRatio(Mitigation):
    """Fit to new real rows with the weight that is best for their number, .618 of equally many (He et al., 2025).

    The weight is `theory.weighted_optimum_law` of real rows over synthetic ones.
    """

    bases = ("fresh",)

    def regime(self, base: str, budget: Budget) -> Regime:
        weight = float(theory.weighted_optimum_law(budget.each / budget.n))
        regime: Regime = REGIMES.get("weighted")(weight=weight, rows=budget.each)
        return regime
