"""Verifier: wrong rows are rejected."""

from __future__ import annotations

from collapsebench.parts.curator import Curator
from collapsebench.parts.mitigation import Mitigation
from collapsebench.parts.target import Target
from collapsebench.specs.registry import CURATORS, MITIGATIONS


@MITIGATIONS.register("verifier")
class Verified(Mitigation):
    """Keep 90% of right synthetic rows and 10% of wrong ones, the rarest 5% by the target's density (Feng et al., 2025)."""

    oracle = True

    def curator(self, target: Target) -> Curator | None:
        curator: Curator = CURATORS.get("verifier")(keep_right=0.9, keep_wrong=0.1, rare=0.05)
        return curator
