"""Detector: rows weigh by the odds that they are real."""

from __future__ import annotations

from collapsebench.parts.curator import Curator
from collapsebench.parts.mitigation import Mitigation
from collapsebench.parts.target import Target
from collapsebench.specs.registry import CURATORS, MITIGATIONS


@MITIGATIONS.register("detector")
class Detected(Mitigation):
    """Weigh synthetic rows by a detector's odds that they are real, which err by a factor e (one standard deviation)."""

    oracle = True

    def curator(self, target: Target) -> Curator | None:
        curator: Curator = CURATORS.get("reweight")(error=1.0)
        return curator
