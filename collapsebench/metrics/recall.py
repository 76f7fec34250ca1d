"""How much of what is real the model could make."""

from __future__ import annotations

from typing import Any

from collapsebench.estimators import reading
from collapsebench.estimators.neighbours import recall
from collapsebench.features import prepare
from collapsebench.registry import METRICS
from collapsebench.types import Estimate, Key, Metric, View, spec, static


@METRICS.register("recall")
@spec
class Recall(Metric):
    """Share of real rows in the model's manifold: the balls around its draws that reach to the k-th neighbour.

    On at most `rows` holdout rows and as many draws, as they are or, with features = "classifier", in a network's
    features (see collapsebench.features); the standard error is that of the draws, by the jackknife, which
    errs on the side of too large.
    Source: Kynkaanniemi et al. (2019), Improved precision and recall metric for assessing generative models.
    """

    k: int = static(5)
    rows: int = static(256)
    features: Any = "rows"

    estimates = True
    check = reading.needs_neighbours
    prepare = prepare

    def __call__(self, key: Key, view: View) -> Estimate:
        real = reading.real_rows(view, self.rows, self.features)
        return recall(real, reading.model_rows(key, view, real.shape[0], self.features), self.k)
