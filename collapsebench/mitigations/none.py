"""None: the loop as it is."""

from __future__ import annotations

from collapsebench.parts.mitigation import Mitigation
from collapsebench.specs.registry import MITIGATIONS


@MITIGATIONS.register("none")
class Unmitigated(Mitigation):
    """Fit to the last synthetic rows, alone or beside new real ones: no other mitigation."""
