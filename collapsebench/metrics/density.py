"""How densely what the model makes lies where the real rows do."""

from __future__ import annotations

from typing import Any

from collapsebench.estimators import reading
from collapsebench.estimators.neighbours import density
from collapsebench.features import prepare
from collapsebench.registry import METRICS
from collapsebench.types import Estimate, Key, Metric, View, spec, static


@METRICS.register("density")
@spec
class Density(Metric):
    """Mean number of real balls, which reach to the k-th real neighbour, that hold a draw, over k; it may be above 1.

    1 on average where the model is the target; unlike precision, one real row far out does not count for much.
    On at most `rows` holdout rows and as many draws, as they are or, with features = "classifier", in a network's
    features (see collapsebench.features); the standard error is that of the draws.
    Source: Naeem et al. (2020), Reliable fidelity and diversity metrics for generative models, equation 3.
    """

    k: int = static(5)
    rows: int = static(256)
    features: Any = "rows"

    estimates = True
    check = reading.needs_neighbours
    prepare = prepare

    def __call__(self, key: Key, view: View) -> Estimate:
        real = reading.real_rows(view, self.rows, self.features)
        return density(real, reading.model_rows(key, view, real.shape[0], self.features), self.k)
