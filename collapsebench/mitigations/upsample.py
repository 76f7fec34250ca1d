"""Upsample: rare rows weigh double."""

from __future__ import annotations

from collapsebench.parts.curator import Curator
from collapsebench.parts.mitigation import Mitigation
from collapsebench.parts.target import Target
from collapsebench.specs.registry import CURATORS, MITIGATIONS


@MITIGATIONS.register("upsample")
class Upsampled(Mitigation):
    """Count synthetic rows twice where the target is as rare as at the rarest 5% of real rows."""

    bases = ("replace",)
    oracle = True

    def curator(self, target: Target) -> Curator | None:
        curator: Curator = CURATORS.get("upsample")(factor=2.0, rare=0.05)
        return curator
