"""How much of what the model makes could be real."""

from __future__ import annotations

from typing import Any

from collapsebench.estimators import reading
from collapsebench.estimators.means import share_estimate
from collapsebench.estimators.neighbours import visits
from collapsebench.features import prepare
from collapsebench.registry import METRICS
from collapsebench.types import Estimate, Key, Metric, View, spec, static


@METRICS.register("precision")
@spec
class Precision(Metric):
    """Share of the model's draws in the real manifold: the balls around real rows that reach to the k-th neighbour.

    On at most `rows` holdout rows and as many draws, as they are or, with features = "classifier", in a network's
    features (see collapsebench.features); the standard error is that of the draws.
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
        drawn = reading.model_rows(key, view, real.shape[0], self.features)
        return share_estimate(visits(drawn, real, self.k).any(axis=1))
