"""What precision, recall, density and coverage share: a ball around each row that reaches to its k-th neighbour."""

from __future__ import annotations

from collapsebench.parts.metric import RowMetric
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import spec, static


@spec
class ManifoldMetric(RowMetric):
    """A comparison of rows by the balls around them, each of which reaches to the k-th nearest row of its own set."""

    k: int = static(5)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError, beyond what every comparison of rows refuses, for too few rows for `k`."""
        super().check(experiment)
        rows = min(self.rows, experiment.holdout)
        if not 1 <= self.k <= rows - 2:
            raise self.refuse(f"k = {self.k}: with {rows} rows it must be from 1 to {rows - 2}")
