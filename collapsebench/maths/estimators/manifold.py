"""Base class of precision, recall, density and coverage: balls that reach to a row's k-th neighbour."""

from __future__ import annotations

from collapsebench.parts.metric import RowMetric
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import spec, static


@spec
class ManifoldMetric(RowMetric):
    """Base class of comparisons by balls around rows; each reaches to the row's k-th nearest row of its own set."""

    k: int = static(5)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError as for every comparison of rows, and for too few rows for `k`."""
        super().check(experiment)
        rows = min(self.rows, experiment.holdout)
        if not 1 <= self.k <= rows - 2:
            raise self.refuse(f"k = {self.k}: with {rows} rows it must be from 1 to {rows - 2}")
