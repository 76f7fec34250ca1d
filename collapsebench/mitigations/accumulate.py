"""Accumulate: no row is ever thrown away."""

from __future__ import annotations

from collapsebench.parts.mitigation import Budget, Mitigation
from collapsebench.parts.regime import Regime
from collapsebench.specs.registry import MITIGATIONS, REGIMES


@MITIGATIONS.register("accumulate")
class Accumulate(Mitigation):
    """Fit to the real data and all synthetic data so far (Gerstgrasser et al., 2024)."""

    bases = ("replace",)

    def regime(self, base: str, budget: Budget) -> Regime:
        regime: Regime = REGIMES.get("accumulate")()
        return regime
