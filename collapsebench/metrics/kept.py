"""Kept: synthetic rows that a curator leaves."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.parts.metric import Metric, View
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("kept")
@spec
class Kept(Metric):
    """Total weight of the synthetic rows after the curator, in rows: what a generation's oversight costs is n less this.

    Under handover = population it is the weight of an infinite sample.
    """

    unit = "rows"

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        weight: Float[Array, ""] = view.synthetic.weight
        return weight
