"""Distinct: number of distinct synthetic rows or symbols, as a share."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.counting import distinct_rows
from collapsebench.parts.data import Kind
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import nearest
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS

PER = ("rows", "real")


@METRICS.register("distinct")
@spec
class Distinct(Metric):
    """Number of distinct symbols (of text: tokens; else rows) among the generation's synthetic rows, as a share.

    per: "rows", of the number of rows or tokens; "real", of the distinct ones in the first, real data: the measure of Suresh et
    al. (2025), figures of Zipf and of words.
    """

    per: str = static("rows")

    def check(self, experiment: Setting) -> None:
        """Raise RequestError where no single rows and no counts of symbols are made."""
        if self.per not in PER:
            raise self.refuse(f"per = {self.per}: not one of {', '.join(PER)}{nearest(self.per, PER)}")
        counted = experiment.model.kind in (Kind.SYMBOL, Kind.TEXT) and not experiment.handover.infinite
        if not experiment.handover.rows and not counted:
            raise self.refuse(f"it counts rows, and handover = {experiment.handover} makes none; use samples")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        classes = view.target.classes
        distinct, rows = distinct_rows(view.synthetic, classes)
        return distinct / (rows if self.per == "rows" else distinct_rows(view.real, classes)[0])
