"""Augment: the real rows stay in every training set."""

from __future__ import annotations

from collapsebench.parts.mitigation import Budget, Mitigation
from collapsebench.parts.regime import Regime
from collapsebench.specs.registry import MITIGATIONS, REGIMES


@MITIGATIONS.register("augment")
class Augment(Mitigation):
    """Fit to the same real rows again and the last synthetic ones (Bertrand et al., 2024)."""

    bases = ("replace",)

    def regime(self, base: str, budget: Budget) -> Regime:
        regime: Regime = REGIMES.get("augment")()
        return regime
