"""Window: the last generations are pooled."""

from __future__ import annotations

from collapsebench.parts.mitigation import Budget, Mitigation
from collapsebench.parts.regime import Regime
from collapsebench.specs.registry import MITIGATIONS, REGIMES


@MITIGATIONS.register("window")
class Window(Mitigation):
    """Fit to the pooled real and synthetic rows of the last four generations."""

    bases = ("fresh",)

    def n(self, base: str, budget: Budget) -> int:
        return budget.n + budget.each

    def regime(self, base: str, budget: Budget) -> Regime:
        regime: Regime = REGIMES.get("window")(window=4, real_fraction=budget.each / self.n(base, budget))
        return regime
