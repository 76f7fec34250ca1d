"""Deduplicate: near-duplicates are dropped."""

from __future__ import annotations

from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Kind
from collapsebench.parts.mitigation import Mitigation
from collapsebench.parts.target import Target
from collapsebench.specs.registry import CURATORS, MITIGATIONS


@MITIGATIONS.register("deduplicate")
class Deduplicated(Mitigation):
    """Drop synthetic rows within .05 of a kept one (real rows have a spread near 1); of symbols equal ones."""

    bases = ("replace",)

    def curator(self, target: Target) -> Curator | None:
        curator: Curator = CURATORS.get("deduplicate")(radius=0.0 if target.kind == Kind.SYMBOL else 0.05)
        return curator
