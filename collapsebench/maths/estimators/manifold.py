"""Base class of precision, recall, density and coverage, which use a ball around each row up to its k-th neighbour."""

from __future__ import annotations

from collapsebench.parts.metric import RowMetric
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import counted
from collapsebench.specs.pytree import spec, static


@spec
class ManifoldMetric(RowMetric):
    """Base class of comparisons by balls around rows, each with radius the distance to its set's k-th nearest row."""

    k: int = static(5)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError as for every comparison of rows, or if `k` is too large for the number of rows."""
        super().check(experiment)
        rows = min(self.rows, experiment.holdout)
        if not 1 <= self.k <= rows - 2:
            raise self.refuse(f"k = {self.k}: with {counted(rows, 'row')} it must be from 1 to {rows - 2}")
