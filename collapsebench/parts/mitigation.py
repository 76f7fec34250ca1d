"""The contract of a mitigation: what a loop does against collapse, within a budget that is the same for all of them."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from collapsebench.parts.curator import Curator
from collapsebench.parts.regime import Regime
from collapsebench.parts.target import Target
from collapsebench.specs.registry import REGIMES


@dataclasses.dataclass(frozen=True)
class Budget:
    """Rows and fits of a whole loop: `real` real rows, `n` synthetic rows for each fit after the first, `fits` fits.

    Every synthetic row that is drawn counts, also one that a curator rejects. each: real rows of every fit after the first
    where they come bit by bit; the first fit then has the rest of them.
    """

    real: int = 200
    n: int = 100
    fits: int = 21
    each: int = 5


class Mitigation:
    """Base class of mitigations. A derived class says which regime and which curator it uses; its docstring, its settings."""

    bases: ClassVar[tuple[str, ...]] = ("replace", "fresh")
    """loops that it is added to: all real rows in the first fit, which the loop replaces, or some of them in every fit"""
    oracle: ClassVar[bool] = False
    """whether it knows more of the target than the real rows of the budget, such as its density"""

    def n(self, base: str, budget: Budget) -> int:
        """The experiment's n; its regime must draw `budget.n` synthetic rows for each fit."""
        return budget.n

    def regime(self, base: str, budget: Budget) -> Regime:
        """The regime; what it does not draw as fresh real rows is given to the first fit. By default that of the base."""
        regime: Regime = REGIMES.get("fresh")(rows=budget.each) if base == "fresh" else REGIMES.get("replace")()
        return regime

    def curator(self, target: Target) -> Curator | None:
        """The curator for a target's rows; None: all synthetic rows weigh alike. It may refuse an experiment."""
        return None
