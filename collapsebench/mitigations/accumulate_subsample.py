"""Accumulate and subsample: a pool of all rows, and fits of constant size."""

from __future__ import annotations

from collapsebench.parts.mitigation import Budget, Mitigation
from collapsebench.parts.regime import Regime
from collapsebench.specs.registry import MITIGATIONS, REGIMES


@MITIGATIONS.register("accumulate_subsample")
class AccumulateSubsample(Mitigation):
    """Fit to n rows drawn from all data so far (Kazdan et al., 2025)."""

    bases = ("replace",)

    def regime(self, base: str, budget: Budget) -> Regime:
        regime: Regime = REGIMES.get("accumulate_subsample")()
        return regime
