"""Self-correction: synthetic rows weigh by how many real rows lie where they do."""

from __future__ import annotations

from collapsebench.parts.curator import Curator
from collapsebench.parts.mitigation import Mitigation
from collapsebench.parts.target import Target
from collapsebench.specs.registry import CURATORS, MITIGATIONS


@MITIGATIONS.register("self_correct")
class SelfCorrected(Mitigation):
    """Weigh synthetic rows half-way to the frequencies of real ones, by the nearest of 50 or by symbol (Gillman et al., 2024)."""

    bases = ("replace",)

    def curator(self, target: Target) -> Curator | None:
        curator: Curator = CURATORS.get("self_correct")(strength=1.0, cells=50)
        return curator
