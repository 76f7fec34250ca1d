"""How much of what is real the model could make."""

from __future__ import annotations

from collapsebench.estimators import reading
from collapsebench.estimators.neighbours import recall
from collapsebench.registry import METRICS
from collapsebench.types import Estimate, Key, Metric, View, spec, static


@METRICS.register("recall")
@spec
class Recall(Metric):
    """Share of real rows in the model's manifold: the balls around its draws that reach to the k-th neighbour.

    On at most `rows` holdout rows and as many draws; the standard error is that of the draws, by the jackknife, which
    errs on the side of too large.
    Source: Kynkaanniemi et al. (2019), Improved precision and recall metric for assessing generative models.
    """

    k: int = static(5)
    rows: int = static(256)

    estimates = True
    check = reading.needs_neighbours

    def __call__(self, key: Key, view: View) -> Estimate:
        real = reading.real_rows(view, self.rows)
        return recall(real, reading.model_rows(key, view, real.shape[0]), self.k)
