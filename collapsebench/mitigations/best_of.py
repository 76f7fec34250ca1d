"""Best of two: a preference that is not the truth chooses."""

from __future__ import annotations

from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Kind
from collapsebench.parts.mitigation import Mitigation
from collapsebench.parts.target import Target
from collapsebench.specs.registry import CURATORS, MITIGATIONS


@MITIGATIONS.register("best_of")
class BestOfTwo(Mitigation):
    """Keep the preferred one of every two synthetic rows, by Bradley-Terry (Ferbach et al., 2024).

    Preferred is a larger first column, of symbols one of a lower number, from 1 down to 0.
    """

    bases = ("replace",)

    def curator(self, target: Target) -> Curator | None:
        classes = target.classes if target.kind == Kind.SYMBOL else None
        rewards = () if classes is None else tuple(1 - i / (classes - 1) for i in range(classes))
        curator: Curator = CURATORS.get("best_of")(candidates=2, rewards=rewards)
        return curator
