"""How many real rows the model comes close to."""

from __future__ import annotations

from typing import Any

from collapsebench.estimators import reading
from collapsebench.estimators.neighbours import coverage
from collapsebench.features import prepare
from collapsebench.registry import METRICS
from collapsebench.types import Estimate, Key, Metric, View, spec, static


@METRICS.register("coverage")
@spec
class Coverage(Metric):
    """Share of real rows with a draw of the model nearer than their k-th real neighbour.

    On at most `rows` holdout rows and as many draws, as they are or, with features = "classifier", in a network's
    features (see collapsebench.features); the standard error is that of the draws, by the jackknife, which
    errs on the side of too large.
    Source: Naeem et al. (2020), Reliable fidelity and diversity metrics for generative models, equation 4.
    """

    k: int = static(5)
    rows: int = static(256)
    features: Any = "rows"

    estimates = True
    check = reading.needs_neighbours
    prepare = prepare

    def __call__(self, key: Key, view: View) -> Estimate:
        real = reading.real_rows(view, self.rows, self.features)
        return coverage(real, reading.model_rows(key, view, real.shape[0], self.features), self.k)
